"""Exception handlers: the problem document that each error is answered with."""

import logging
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from signtally.api.files import PageInsteadError, page_instead
from signtally.api.problem_codes import parts_of
from signtally.api.problems import KIND_OF_STATUS, InvalidPart, ProblemError, ProblemKind, invalid, problem_response
from signtally.domain.periods import FuturePeriodError, PeriodError
from signtally.domain.schedule_limits import ScheduleLimitError
from signtally.logos.errors import LogoError
from signtally.ports.errors import ServiceError
from signtally.report_queue import ReportQueueUnavailableError, TooManyOrdersError
from signtally.stores.profile_catalogue import BrokenProfileError
from signtally.stores.report_states import ReportMissingError
from signtally.stores.tenants import EditConflictError
from signtally.use_cases.reporting import OtherGroupError, ReportInWorkError, VersionNotReadyError

_log = logging.getLogger("signtally.api")
_RETRY_AFTER = {"Retry-After": "10"}


def register(app: FastAPI) -> None:
    for kind in _PROBLEMS:
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(HTTPStatus.METHOD_NOT_ALLOWED, _other_method)
    app.add_exception_handler(PageInsteadError, _page)


# Handlers are coroutines: a plain function would need a thread, and a stalled service may occupy all of them.
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
    """List every method of the path in `Allow`: the framework lists those of one route only."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    described = request.app.openapi()["paths"].items()
    methods = {name.upper() for template, calls in described if _fits(template, path) for name in calls}
    methods = methods or {"GET"}
    allowed = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
    problem = ProblemError(
        ProblemKind.METHOD_NOT_ALLOWED, f"This address accepts {allowed}.", headers={"Allow": allowed}
    )
    return problem_response(problem, request_id=request.state.request_id)


def _is_of_address(error: RequestValidationError) -> bool:
    """Whether the path itself is invalid (an unknown format, an id that is too long): then the answer is 404."""
    return any(found["loc"][0] == "path" for found in error.errors())


def _fits(template: str, path: str) -> bool:
    return compile_path(template)[0].fullmatch(path) is not None


def _of_framework(error: HTTPException) -> ProblemError:
    kind = KIND_OF_STATUS.get(HTTPStatus(error.status_code), ProblemKind.BAD_REQUEST)
    nothing = "There is nothing at this address. See /docs for the API reference."
    detail = nothing if kind is ProblemKind.NOT_FOUND else error.detail
    return ProblemError(kind, detail, headers=error.headers or {})


def _of_validation(error: RequestValidationError) -> ProblemError:
    return invalid(*parts_of(error.errors()))


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _of_service(_: Exception) -> ProblemError:
    return ProblemError(
        ProblemKind.UNAVAILABLE,
        "A service that this request depends on is not available. Try again in a minute. The log has the reason under "
        "the instance of this response.",
        headers=_RETRY_AFTER,
    )


def _of_report_queue(_: Exception) -> ProblemError:
    return ProblemError(
        ProblemKind.NO_REPORT_QUEUE,
        "The report was not ordered, because no order consumer is running. Try again in a minute; the operator has to "
        "start one.",
        headers=_RETRY_AFTER,
    )


def _of_broken_profile(error: Exception) -> ProblemError:
    _log.error("%s; an edit was refused", error)
    return ProblemError(
        ProblemKind.CONFLICT,
        "Nothing was changed, because the stored profile of this tenant is broken as a whole. The operator of this "
        "service must repair it first.",
    )


def _of_logo(error: Exception) -> ProblemError:
    found = cast("LogoError", error)
    location = "body.branding.logo"
    return invalid(InvalidPart(location=location, detail=str(found), code=found.code, values={**found.values}))


def _of_schedule_limit(error: Exception) -> ProblemError:
    found = cast("ScheduleLimitError", error)
    location = f"body.{found.location}"
    return invalid(InvalidPart(location=location, detail=str(found), code=found.code, values=found.values))


# The first match wins: subclasses come before their parents.
_PROBLEMS: dict[type[Exception], Any] = {
    ProblemError: lambda error: error,
    HTTPException: _of_framework,
    RequestValidationError: _of_validation,
    FuturePeriodError: lambda error: ProblemError(ProblemKind.FUTURE_PERIOD, _sentence(error)),
    PeriodError: lambda error: ProblemError(ProblemKind.BAD_PERIOD, _sentence(error)),
    ReportMissingError: lambda error: ProblemError(ProblemKind.NOT_FOUND, f"There is {error}."),
    ReportInWorkError: lambda error: ProblemError(
        ProblemKind.NOT_READY, f"{_sentence(error)} Delete it when it is ready or has failed."
    ),
    VersionNotReadyError: lambda error: ProblemError(
        ProblemKind.NOT_READY, f"{_sentence(error)} Only versions that are ready can be compared."
    ),
    OtherGroupError: lambda error: ProblemError(ProblemKind.INVALID, _sentence(error)),
    EditConflictError: lambda _: ProblemError(
        ProblemKind.CONFLICT,
        "Nothing was changed, because others changed the profile at the same time. Try again.",
    ),
    BrokenProfileError: _of_broken_profile,
    LogoError: _of_logo,
    ScheduleLimitError: _of_schedule_limit,
    ReportQueueUnavailableError: _of_report_queue,
    TooManyOrdersError: lambda _: ProblemError(
        ProblemKind.TOO_MANY_REQUESTS,
        "The report was not ordered, because your organization has as many reports in work as it may. Order it when "
        "some of them are ready: `GET /v1/reports` lists them.",
        headers=_RETRY_AFTER,
    ),
    ServiceError: _of_service,
}
