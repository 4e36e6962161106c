"""`ETag`, `If-Match`, `If-None-Match`: an edit can be made to fail when somebody else's came first."""

import hashlib
from typing import Annotated, Literal

from fastapi import Header
from pydantic import BaseModel

from signtally.api.problems import InvalidPart, ProblemError, ProblemKind

IfMatch = Annotated[
    str | None,
    Header(
        max_length=2000,
        description="The `ETag` of the answer that the edit rests on: a 412 if it has changed since. Without it, the "
        "edit applies to whatever is stored. A weak one never fits: where a proxy that compresses has put `W/` before "
        "it, send what follows",
    ),
]
IfNoneMatch = Annotated[
    Literal["*"] | None,
    Header(description="`*`: a 412 if there is one of this name already, so that nobody's is replaced unseen"),
]
ETAG_HEADER = {"ETag": {"description": "Of what was answered, for `If-Match`", "schema": {"type": "string"}}}


def etag_of(document: BaseModel) -> str:
    """A strong ETag of what a document says."""
    return f'"{hashlib.sha256(document.model_dump_json().encode()).hexdigest()[:32]}"'


def require_match(if_match: str | None, document: BaseModel | None) -> None:
    """Raises ProblemError (412) when the request names other versions than the *document* that is stored (or none)."""
    if if_match is None:
        return
    wanted = {each.strip() for each in if_match.split(",")}  # a weak one, `W/"…"`, names no version (RFC 9110, 13.1.1)
    if document is None or ("*" not in wanted and etag_of(document) not in wanted):
        raise ProblemError(
            ProblemKind.PRECONDITION_FAILED,
            "Nothing was changed, because it is no longer what If-Match names. Read it again, then decide.",
        )


def require_absent(
    if_none_match: str | None, document: BaseModel | None, *, errors: tuple[InvalidPart, ...] = ()
) -> None:
    """Raises ProblemError (412) with *errors* when the request may only make something new, and one is stored."""
    if if_none_match is not None and document is not None:
        raise ProblemError(
            ProblemKind.PRECONDITION_FAILED,
            "Nothing was changed, because there is one of this name already. Choose another name, or change that one.",
            errors=errors,
        )
