"""The ASGI application: `create_app` puts keys, routes, problems and the page together."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI

from signtally.api import faults, files, health, insights, myself, page, reports, schedules, usage
from signtally.api.auth import Authenticator
from signtally.api.middleware import HeadAsGet, RequestFrame
from signtally.api.openapi import describe
from signtally.api.places import Seating
from signtally.api.problems import ProblemKind, answers
from signtally.api.queries import each_once
from signtally.api.signing_keys import DevelopmentKeys, JwksKeys, SigningKeys
from signtally.services import Services
from signtally.settings import Settings


class UnsafeStartError(Exception):
    """The API would trust a development key beside real data; the text says what to set."""


def create_app(services: Services, *, loopback_only: bool) -> FastAPI:
    """Build the application; *loopback_only* says that every AWS endpoint is on this machine.

    Raises UnsafeStartError when it is not and SIGNTALLY_JWKS_URL is unset; DevelopmentKeyError.
    """
    app = FastAPI(
        title="Signtally",
        version="1",
        summary="Usage reports of an eSignature service, for its tenants",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    app.state.authenticator = Authenticator(
        _signing_keys(services.settings, loopback_only=loopback_only), settings=services.settings
    )
    app.state.seating = Seating()
    app.state.probes = health.probes()
    app.include_router(_versioned())
    app.include_router(health.router)
    page.add_to(app, development=services.settings.jwks_url is None)
    faults.add_to(app)
    app.add_middleware(HeadAsGet)
    app.add_middleware(RequestFrame)
    describe(app)
    return app


def _versioned() -> APIRouter:
    refusals: dict[int | str, dict[str, Any]] = answers(
        ProblemKind.MISSING_TOKEN,
        ProblemKind.EXPIRED_TOKEN,
        ProblemKind.BAD_TOKEN,
        ProblemKind.FORBIDDEN,
        ProblemKind.BAD_REQUEST,
        ProblemKind.TOO_LARGE,
        ProblemKind.INVALID,
        ProblemKind.INTERNAL,
        ProblemKind.UNAVAILABLE,
        ProblemKind.KEYS_UNAVAILABLE,
    )
    router = APIRouter(prefix="/v1", responses=refusals, dependencies=[Depends(each_once)])
    for part in (usage, insights, reports, files, schedules, myself):
        router.include_router(part.router)
    return router


def _signing_keys(settings: Settings, *, loopback_only: bool) -> SigningKeys:
    if settings.jwks_url is not None:
        return JwksKeys.at(settings.jwks_url)
    if not loopback_only:
        raise UnsafeStartError(
            "SIGNTALLY_JWKS_URL is not set, and not every AWS endpoint is on this machine: set it to the JSON Web Key "
            "Set of your identity provider, or point the AWS_ENDPOINT_URL_… variables at `signtally local`"
        )
    return DevelopmentKeys(settings.state_directory)
