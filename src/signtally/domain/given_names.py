"""Names that customers give to schedules and destinations, in any script: which are allowed, and when two are one.

A name stands in addresses, in keys of the bucket (`signtally.stores.keys`), in the ledger and in emails. So it is
stored in one form (NFC), contains nothing invisible that could turn or split a line, and none of the ASCII characters
that have a meaning in one of those.
"""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

from signtally.domain.invalid_values import invalid_value

NAME_LIMIT_UNITS = 64  # of UTF-16, as browsers count the characters of a field: an emoji is two
_ASCII_PUNCTUATION = " ._-'&(),+"
_JOINERS = "\u200c\u200d"  # Persian and several scripts of India are not spelt without them
# What a client can tell of it: no control characters, nothing that turns text around, no other ASCII punctuation.
_NEVER = (
    r"\x00-\x1f!\"#$%*/:;<=>?@\[\\\]^`{|}~\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
)
_PATTERN = rf"^[^ ._\-'&(),+{_NEVER}][^{_NEVER}]*$"


def given_name(text: str) -> str:
    """The name in the form in which it is stored: NFC, and any other space an ordinary one.

    Names of ASCII alone stay as they are. Raises ValueError (`invalid_value`).
    """
    name = text if text.isascii() else " ".join(_with_plain_spaces(unicodedata.normalize("NFC", text)).split())
    if not name:
        raise invalid_value("name-missing", "a name has at least one character")
    units = sum(2 if ord(character) > 0xFFFF else 1 for character in name)  # noqa: PLR2004 -- the end of the BMP
    if units > NAME_LIMIT_UNITS:
        detail = f"a name has at most {NAME_LIMIT_UNITS} characters, this one {units}"
        raise invalid_value("name-too-long", detail, limit=NAME_LIMIT_UNITS, length=units)
    if not _may_begin(name[0]):
        raise invalid_value("name-begins-wrongly", "a name begins with a letter or a digit")
    if wrong := next((character for character in name if not _is_allowed(character)), ""):
        shown = wrong if wrong.isprintable() else f"U+{ord(wrong):04X}"
        raise invalid_value("name-character", f"a name cannot contain {shown}", character=shown)
    return name


def name_key(name: str) -> str:
    """What names that count as one have in common: small letters, and one form of what looks alike."""
    if name.isascii():
        return name.casefold()
    visible = "".join(character for character in name if character not in _JOINERS)
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())


def _with_plain_spaces(text: str) -> str:
    return "".join(" " if unicodedata.category(character) == "Zs" else character for character in text)


def _may_begin(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind[0] in "LN" or kind == "So"


def _is_allowed(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character in _ASCII_PUNCTUATION
    return character in _JOINERS or unicodedata.category(character)[0] in "LMNPS"


GivenName = Annotated[
    str,
    AfterValidator(given_name),
    Field(json_schema_extra={"pattern": _PATTERN, "minLength": 1, "maxLength": NAME_LIMIT_UNITS}),
]
