"""Rules for every query string and every body."""

from collections import Counter

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from signtally.api.auth import Credentials, authenticated
from signtally.api.problems import ProblemError, ProblemKind
from signtally.domain.json_text import repeated_names


async def reject_duplicate_query_params(request: Request) -> None:
    """Raises RequestValidationError when a query parameter occurs more than once, instead of picking one value."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    errors = [
        {"type": "repeated", "loc": ("query", name), "msg": "give it once"}
        for name, times in given.items()
        if times > 1
    ]
    if errors:
        raise RequestValidationError(errors)


async def reject_unknown_query_params(request: Request, credentials: Credentials) -> None:
    """Raises RequestValidationError for any query parameter of a call that takes none; the others refuse theirs.

    To who may call it: ProblemError tells others first that they may not.
    """
    if request.query_params and not _takes_query_params(request.scope["route"].dependant):
        await authenticated(request, credentials)
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", name), "msg": ""} for name in request.query_params]
        )


def _takes_query_params(dependant: Dependant) -> bool:
    return bool(dependant.query_params) or any(map(_takes_query_params, dependant.dependencies))


async def require_json_body(request: Request) -> None:
    """Raises ProblemError (415) when a call that takes JSON gets a body that says it is something else."""
    if not await _has_json_body(request):
        return
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        given = f"not {media_type}" if media_type else "and name that in the header Content-Type"
        raise ProblemError(ProblemKind.UNSUPPORTED_MEDIA_TYPE, f"Send the body as application/json, {given}.")


async def reject_duplicate_fields(request: Request) -> None:
    """Raises RequestValidationError when an object of the body has a field twice, instead of picking one value."""
    if not await _has_json_body(request):
        return
    try:
        repeated = repeated_names(await request.body())
    except RecursionError:  # this time: the stack is deeper here than where it was read
        raise ProblemError(ProblemKind.BAD_REQUEST, "The body is nested too deeply.") from None
    if repeated:
        raise RequestValidationError(
            [{"type": "repeated", "loc": ("body", name), "msg": "give it once"} for name in repeated]
        )


async def _has_json_body(request: Request) -> bool:
    route = request.scope.get("route")
    return isinstance(route, APIRoute) and route.body_field is not None and bool(await request.body())
