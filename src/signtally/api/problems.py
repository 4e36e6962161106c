"""Errors as RFC 9457 problem documents: the catalogue of kinds, and their one JSON shape."""

import dataclasses
import enum
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from signtally.errors import SigntallyError

MEDIA_TYPE = "application/problem+json"


class ProblemKind(enum.Enum):
    """One kind of error: the fragment of its `type` URI (stable for clients), its HTTP status, its title."""

    BAD_REQUEST = ("bad-request", 400, "The request cannot be read")
    MISSING_TOKEN = ("missing-token", 401, "A bearer token is required")
    EXPIRED_TOKEN = ("expired-token", 401, "The token has expired")
    BAD_TOKEN = ("bad-token", 401, "The token is not accepted")
    FORBIDDEN = ("forbidden", 403, "Not allowed")
    NOT_FOUND = ("not-found", 404, "Not found")
    METHOD_NOT_ALLOWED = ("method-not-allowed", 405, "Method not allowed")
    NOT_READY = ("not-ready", 409, "The report is not ready")
    GONE = ("gone", 410, "The file is no longer stored")
    KEY_IN_USE = ("idempotency-key-in-use", 409, "The first request is still being answered")
    CONFLICT = ("conflict", 409, "Conflicting change")
    PRECONDITION_FAILED = ("precondition-failed", 412, "Somebody else changed it meanwhile")
    TOO_LARGE = ("too-large", 413, "The request is too large")
    UNSUPPORTED_MEDIA_TYPE = ("unsupported-media-type", 415, "The content type is not supported")
    INVALID = ("invalid-request", 422, "The request is not valid")
    BAD_PERIOD = ("bad-period", 422, "The period is not valid")
    FUTURE_PERIOD = ("future-period", 422, "The period lies in the future")
    BAD_CURSOR = ("bad-cursor", 422, "The cursor is not valid")
    KEY_REUSED = ("idempotency-key-reused", 422, "The idempotency key belongs to another request")
    TOO_MANY_REQUESTS = ("too-many-requests", 429, "Too many requests")
    INTERNAL = ("internal-error", 500, "Something went wrong")
    UNAVAILABLE = ("unavailable", 503, "Service unavailable")
    KEYS_UNAVAILABLE = ("keys-unavailable", 503, "Tokens cannot be checked at the moment")
    NO_REPORT_QUEUE = ("no-report-queue", 503, "Reports cannot be ordered at the moment")

    def __init__(self, name: str, status: int, title: str) -> None:
        self.fragment = name
        self.status = status
        self.title = title

    @property
    def type_uri(self) -> str:
        """A relative reference to its explanation in the API documentation."""
        return f"/docs#{self.fragment}"


class InvalidPart(BaseModel):
    """One part of a request that is not valid."""

    location: str = Field(description="Where: `query.period`, `body.formats.0`")
    detail: str = Field(description="What is wrong, or what to write")
    code: str = Field(description="What is wrong in a stable word: see `/docs#codes`")
    values: dict[str, str | int | float | list[str]] = Field(
        default={}, description="What the code speaks of, such as `limit`; see `/docs#codes`"
    )


class ProblemDocument(BaseModel):
    """A problem by RFC 9457."""

    type: str = Field(description="Which kind of problem; resolves to its explanation")
    title: str
    status: int
    detail: str = Field(description="What happened and what to do")
    instance: str | None = Field(default=None, description="This occurrence: the log has it under the same id")
    errors: list[InvalidPart] | None = Field(default=None, description="Every part that is not valid")


@dataclasses.dataclass(slots=True)
class ProblemError(SigntallyError):
    """Raised while a request is handled; answered as a problem document.

    *detail* is one or more full sentences: what happened, and what to do.
    """

    kind: ProblemKind
    detail: str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    errors: tuple[InvalidPart, ...] = ()
    members: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # extension members of the document


def invalid(*parts: InvalidPart, kind: ProblemKind = ProblemKind.INVALID) -> ProblemError:
    """The problem that some parts of a request are not valid."""
    return ProblemError(kind, "; ".join(f"{part.location}: {part.detail}" for part in parts), errors=parts)


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


def problem_responses(*kinds: ProblemKind) -> dict[int | str, dict[str, Any]]:
    """The problems that an endpoint may answer, for the `responses` parameter of its FastAPI route."""
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
