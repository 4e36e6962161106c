"""Which problem each error becomes."""

import logging
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from signtally.api.files import PageInsteadError, page_instead
from signtally.api.problems import KIND_OF_STATUS, InvalidPart, ProblemError, ProblemKind, problem_response
from signtally.domain.periods import FuturePeriodError, PeriodError
from signtally.ports.errors import ServiceError
from signtally.ports.report_queue import ReportQueueUnavailableError
from signtally.stores.profile_catalogue import BrokenProfileError
from signtally.stores.reports import ReportMissingError
from signtally.stores.tenants import EditConflictError

_log = logging.getLogger("signtally.api")
_RETRY_AFTER = {"Retry-After": "10"}


def add_to(app: FastAPI) -> None:
    for kind in _PROBLEMS:
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(HTTPStatus.METHOD_NOT_ALLOWED, _other_method)
    app.add_exception_handler(PageInsteadError, _page)


# Handlers are coroutines: as functions they would wait for a thread, and a stalled service may hold every one.
async def _page(request: Request, _: Exception) -> Response:
    return page_instead(request)


async def _answer(request: Request, error: Exception) -> Response:
    problem = next(make(error) for kind, make in _PROBLEMS.items() if isinstance(error, kind))
    if isinstance(error, RequestValidationError) and request.method != "PUT" and _is_of_address(error):
        problem = _of_framework(HTTPException(HTTPStatus.NOT_FOUND))
    if problem.kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, ProblemError):
        _log.warning("[%s] %s: %s", request.state.request_id, type(error).__name__, error)
    return problem_response(problem, request_id=request.state.request_id)


async def _other_method(request: Request, _: Exception) -> Response:
    """Name every method of the address: the framework knows only those of one route."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    described = request.app.openapi()["paths"].items()
    methods = {name.upper() for template, calls in described if _fits(template, path) for name in calls}
    methods = methods or {"GET"}
    allowed = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
    problem = ProblemError(ProblemKind.METHOD_NOT_ALLOWED, f"use {allowed} here", headers={"Allow": allowed})
    return problem_response(problem, request_id=request.state.request_id)


def _is_of_address(error: RequestValidationError) -> bool:
    """Whether the path names what cannot exist: a format that there is not, an id that is too long."""
    return any(found["loc"][0] == "path" for found in error.errors())


def _fits(template: str, path: str) -> bool:
    return compile_path(template)[0].fullmatch(path) is not None


def _of_framework(error: HTTPException) -> ProblemError:
    kind = KIND_OF_STATUS.get(HTTPStatus(error.status_code), ProblemKind.BAD_REQUEST)
    nothing = "there is nothing at this address; /docs lists what there is"
    detail = nothing if kind is ProblemKind.NOT_FOUND else error.detail
    return ProblemError(kind, detail, headers=error.headers or {})


def _of_validation(error: RequestValidationError) -> ProblemError:
    parts = tuple(
        InvalidPart(location=".".join(str(step) for step in found["loc"]), detail=_message(found))
        for found in error.errors()
    )
    detail = "; ".join(f"{part.location}: {part.detail}" for part in parts)
    return ProblemError(ProblemKind.INVALID, detail, errors=parts)


def _message(found: dict[str, Any]) -> str:
    match found["type"]:
        case "extra_forbidden":
            return "there is no such parameter; /docs lists those that there are"
        case "json_invalid":
            return f"this is not JSON: {found['ctx']['error']}"
        case _:
            return cast("str", found["msg"]).removeprefix("Value error, ")


def _of_service(_: Exception) -> ProblemError:
    return ProblemError(
        ProblemKind.UNAVAILABLE,
        "a service that this answer needs does not work just now: try again in a minute; the log has the reason "
        "under this instance",
        headers=_RETRY_AFTER,
    )


def _of_report_queue(_: Exception) -> ProblemError:
    return ProblemError(
        ProblemKind.NO_REPORT_QUEUE,
        "no Prefect server takes orders for reports just now, and nothing was ordered: try again in a minute; "
        "the log has the reason under this instance",
        headers=_RETRY_AFTER,
    )


def _of_broken_profile(error: Exception) -> ProblemError:
    _log.error("%s; an edit was refused", error)
    return ProblemError(
        ProblemKind.CONFLICT,
        "the tenant's stored profile is broken, and nothing was changed: whoever runs the service must mend it first",
    )


# The first that fits is taken: subclasses stand before their parents.
_PROBLEMS: dict[type[Exception], Any] = {
    ProblemError: lambda error: error,
    HTTPException: _of_framework,
    RequestValidationError: _of_validation,
    FuturePeriodError: lambda error: ProblemError(ProblemKind.FUTURE_PERIOD, str(error)),
    PeriodError: lambda error: ProblemError(ProblemKind.BAD_PERIOD, str(error)),
    ReportMissingError: lambda error: ProblemError(ProblemKind.NOT_FOUND, f"there is {error}"),
    EditConflictError: lambda _: ProblemError(
        ProblemKind.CONFLICT, "others kept changing the tenant's profile: nothing was changed, try again"
    ),
    BrokenProfileError: _of_broken_profile,
    ReportQueueUnavailableError: _of_report_queue,
    ServiceError: _of_service,
}
