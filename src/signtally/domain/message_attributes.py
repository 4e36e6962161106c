"""What a queue carries beside a message's body, and how much of it there is room for."""

import dataclasses
from collections.abc import Mapping
from typing import Self


class TypedText(str):
    """An attribute's value whose type is not the queue's plain text (`Number`, `Binary` …); a binary one is base64.

    Whoever passes the value on unchanged passes its type on.
    """

    __slots__ = ("data_type",)
    data_type: str

    @classmethod
    def of(cls, text: str, *, data_type: str) -> Self:
        value = cls(text)
        value.data_type = data_type
        return value


@dataclasses.dataclass(frozen=True, slots=True)
class MessageLimits:
    """How much a queue takes in one message; each adapter has its own."""

    message_bytes: int  # of the body and the attributes, in UTF-8
    attributes: int
    text_type: str  # the name of plain text's type, which counts too

    def attribute_bytes(self, name: str, value: str) -> int:
        """What an attribute takes of a message's size: its name, type and value; of a binary one rather less."""
        return len(name.encode()) + len(self.type_of(value).encode()) + len(value.encode())

    def type_of(self, value: str) -> str:
        return value.data_type if isinstance(value, TypedText) else self.text_type

    def fitting(self, body: str, attributes: Mapping[str, str]) -> dict[str, str]:
        """As many of *attributes*, the first ones first, as a message with this body has room for."""
        room_bytes = self.message_bytes - len(body.encode())
        kept: dict[str, str] = {}
        for name, value in attributes.items():
            size_bytes = self.attribute_bytes(name, value)
            if size_bytes <= room_bytes and len(kept) < self.attributes:
                kept[name] = value
                room_bytes -= size_bytes
        return kept
