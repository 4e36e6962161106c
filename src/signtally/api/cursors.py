"""Opaque, URL-safe cursors: the position after which the next page of a listing starts.

A position is a sort key, so rows that are added or counted between two pages neither repeat nor skip others.
"""

import base64
import binascii
import json
import re
from typing import Annotated

from pydantic import Field

from signtally.api.problems import ProblemError, ProblemKind
from signtally.domain.ids import UNSTORABLE

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 10_000
_LONGEST = 8000  # characters: twice the longest id, for a position and for a listing narrowed to it, and every escape
_ANY = re.compile(".*", re.DOTALL)

Cursor = Annotated[
    str | None,
    Field(description="`next_cursor` of the previous page; leave it out for the first page", max_length=_LONGEST),
]
Limit = Annotated[int, Field(ge=1, le=LARGEST_LIMIT, description="The largest number of rows on a page")]


def cursor_after(listing: str, position: str) -> str:
    """The cursor of the page that starts after *position* (a sort key) in the *listing* of this name."""
    text = json.dumps([listing, position], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_of(cursor: str | None, *, listing: str, form: re.Pattern[str] = _ANY) -> str | None:
    """The position after which the page starts; None for the first page.

    Anyone can make up a cursor: raises ProblemError unless this one is of the *listing* and its position matches
    *form*.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    match found:
        case [str(name), str(position)] if name == listing and is_position(position, form=form):
            return position
    raise ProblemError(
        ProblemKind.BAD_CURSOR,
        "This cursor does not belong to this listing. Send `next_cursor` of the previous page unchanged, with the same "
        "parameters, or leave `cursor` out to start at the first page.",
    )


def is_position(text: str, *, form: re.Pattern[str] = _ANY) -> bool:
    """Whether it has this *form*, and a store can be asked for what lies behind it."""
    return form.fullmatch(text) is not None and not UNSTORABLE.search(text)
