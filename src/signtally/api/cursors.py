"""Opaque, URL-safe cursors: where a listing goes on, whatever was added or counted meanwhile."""

import base64
import binascii
import json
import re
from typing import Annotated

from pydantic import Field

from signtally.api.problems import ProblemError, ProblemKind

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 10_000
_ANY = re.compile(".*", re.DOTALL)

Cursor = Annotated[
    str | None,
    Field(description="`next_cursor` of the page before; left out for the first page", max_length=2000),
]
Limit = Annotated[int, Field(ge=1, le=LARGEST_LIMIT, description="How many rows a page has at most")]


def cursor_after(listing: str, position: str) -> str:
    """The cursor of the page that starts behind *position* in the *listing* of this name."""
    return base64.urlsafe_b64encode(json.dumps([listing, position]).encode()).decode().rstrip("=")


def position_of(cursor: str | None, *, listing: str, form: re.Pattern[str] = _ANY) -> str | None:
    """The position behind which a page starts, None for the first page.

    A cursor is no secret, and anyone can make one up: raise ProblemError unless it is of this *listing* and its
    position has the *form* of one.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    match found:
        case [str(name), str(position)] if name == listing and form.fullmatch(position):
            return position
    raise ProblemError(
        ProblemKind.BAD_CURSOR,
        "the cursor is none that this listing gave out: pass next_cursor on unchanged, with the same parameters, "
        "or leave it out to begin anew",
    )
