"""Errors as RFC 9457 problem documents: one catalogue, one shape, for everything that can go wrong."""

import dataclasses
import enum
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"


class ProblemKind(enum.Enum):
    """What went wrong: the fragment of the problem's `type`, its HTTP status, its title."""

    BAD_REQUEST = ("bad-request", 400, "The request cannot be read")
    MISSING_TOKEN = ("missing-token", 401, "A bearer token is needed")
    EXPIRED_TOKEN = ("expired-token", 401, "The token has expired")
    BAD_TOKEN = ("bad-token", 401, "The token is not accepted")
    FORBIDDEN = ("forbidden", 403, "Not allowed")
    NOT_FOUND = ("not-found", 404, "Nothing is there")
    METHOD_NOT_ALLOWED = ("method-not-allowed", 405, "The method is not allowed here")
    NOT_READY = ("not-ready", 409, "The report is not ready")
    CONFLICT = ("conflict", 409, "Too many changes at once")
    TOO_LARGE = ("too-large", 413, "The request is too large")
    INVALID = ("invalid-request", 422, "The request is not valid")
    BAD_PERIOD = ("bad-period", 422, "The period is not valid")
    FUTURE_PERIOD = ("future-period", 422, "The period lies in the future")
    BAD_CURSOR = ("bad-cursor", 422, "The cursor is not valid")
    INTERNAL = ("internal-error", 500, "Something went wrong here")
    UNAVAILABLE = ("unavailable", 503, "A service does not answer")
    KEYS_UNAVAILABLE = ("keys-unavailable", 503, "Tokens cannot be checked now")
    NO_REPORT_QUEUE = ("no-report-queue", 503, "Reports cannot be ordered now")

    def __init__(self, name: str, status: int, title: str) -> None:
        self.fragment = name
        self.status = status
        self.title = title

    @property
    def type_uri(self) -> str:
        """A reference to the page that explains it."""
        return f"/docs#{self.fragment}"


class InvalidPart(BaseModel):
    """One part of a request that is not valid."""

    location: str = Field(description="Where: `query.period`, `body.formats.0`")
    detail: str = Field(description="What is wrong, or what to write")


class ProblemDocument(BaseModel):
    """A problem by RFC 9457."""

    type: str = Field(description="Which kind of problem; resolves to its explanation")
    title: str
    status: int
    detail: str = Field(description="What happened and what to do")
    instance: str | None = Field(default=None, description="This very occurrence, as the log names it")
    errors: list[InvalidPart] | None = Field(default=None, description="Every part that is not valid (422)")


@dataclasses.dataclass(slots=True)
class ProblemError(Exception):
    """Raised anywhere below an endpoint, answered as a problem document."""

    kind: ProblemKind
    detail: str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    errors: tuple[InvalidPart, ...] = ()
    members: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # extension members of the document


def problem_response(problem: ProblemError, *, request_id: str | None) -> JSONResponse:
    document = ProblemDocument(
        type=problem.kind.type_uri,
        title=problem.kind.title,
        status=problem.kind.status,
        detail=problem.detail,
        instance=f"urn:uuid:{request_id}" if request_id else None,
        errors=list(problem.errors) or None,
    )
    return JSONResponse(
        document.model_dump(exclude_none=True) | dict(problem.members),
        status_code=problem.kind.status,
        headers=dict(problem.headers),
        media_type=MEDIA_TYPE,
    )


def answers(*kinds: ProblemKind) -> dict[int | str, dict[str, Any]]:
    """The problems of an endpoint, as FastAPI's `responses` describes them."""
    by_status: dict[int, list[str]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind.title)
    return {
        status: {
            "description": "; ".join(titles),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }
        for status, titles in sorted(by_status.items())
    }


KIND_OF_STATUS = {
    HTTPStatus.BAD_REQUEST: ProblemKind.BAD_REQUEST,
    HTTPStatus.NOT_FOUND: ProblemKind.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: ProblemKind.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ProblemKind.TOO_LARGE,
}
