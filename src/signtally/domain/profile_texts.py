"""Texts of a profile that nothing else restricts: a tenant's name, the ids of its users. Text of events stays text."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from signtally.domain.ids import ID_LIMIT_CHARACTERS, UNSTORABLE
from signtally.domain.invalid_values import invalid_value

# Controls and separators of lines, halves of characters, and the controls that turn text around (Bidi_Control).
_UNSHOWN = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_NEVER_IN_NAMES = re.compile(f"[{_UNSHOWN}\ud800-\udfff]")


def _name(text: str) -> str:
    """Raises ValueError (`invalid_value`)."""
    if not text.isprintable() and (found := _NEVER_IN_NAMES.search(text)):
        shown = f"U+{ord(found[0]):04X}"
        raise invalid_value("name-character", f"a name cannot contain {shown}: write it without", character=shown)
    return text


def storable_id(text: str) -> str:
    """The id itself. Raises ValueError (`invalid_value`) when no event can have it."""
    if found := UNSTORABLE.search(text):
        detail = f"an id cannot contain U+{ord(found[0]):04X}, and no event has one that does: write it without"
        raise invalid_value("malformed", detail)
    return text


TenantName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_name),
    Field(json_schema_extra={"pattern": rf"^\s*[^{_UNSHOWN}]*\s*$"}),
]
UserId = Annotated[
    str,
    Field(min_length=1, max_length=ID_LIMIT_CHARACTERS, json_schema_extra={"pattern": r"^[^\x00]*$"}),
    AfterValidator(storable_id),
]
