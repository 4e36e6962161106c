"""Attributes of a message, as a queue carries them beside its body."""

from typing import Self

STRING = "String"
BINARY = "Binary"


class TypedText(str):
    """A value whose SQS type is not plain `String` (`Number`, `Binary`, `String.uuid` …); a binary one is base64.

    Whoever passes it on unchanged passes its type on.
    """

    __slots__ = ("data_type",)
    data_type: str

    @classmethod
    def of(cls, text: str, *, data_type: str) -> Self:
        value = cls(text)
        value.data_type = data_type
        return value


def data_type_of(text: str) -> str:
    return text.data_type if isinstance(text, TypedText) else STRING


def attribute_bytes(name: str, value: str) -> int:
    """What an attribute takes of a message's size; of a binary one rather more than it does."""
    return len(name.encode()) + len(data_type_of(value).encode()) + len(value.encode())
