"""The ASGI application: `create_app` joins signing keys, routes, error handlers and the page."""

import contextlib
import functools
from collections.abc import AsyncIterator
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI

from signtally.api import (
    audit,
    digests,
    document_list,
    error_handlers,
    files,
    health,
    insights,
    me,
    metrics,
    occurrences,
    page,
    profile,
    report_deletion,
    report_diff,
    report_events,
    report_groups,
    reports,
    schedules,
    suppressions,
    trend,
    unsubscribe,
    usage,
)
from signtally.api.audit_recording import GivenLinks
from signtally.api.auth import Authenticator
from signtally.api.compression import CompressionMiddleware
from signtally.api.concurrency import THREADS, Bulkheads
from signtally.api.middleware import HeadAsGetMiddleware, RequestContextMiddleware, cors
from signtally.api.openapi import TAGS, describe, operation_id
from signtally.api.problems import ProblemKind, problem_responses
from signtally.api.queries import (
    reject_duplicate_fields,
    reject_duplicate_query_params,
    reject_unknown_query_params,
    require_json_body,
)
from signtally.api.rates import TenantRates
from signtally.api.recent_totals import RecentTotals
from signtally.api.shared_reads import SharedReads
from signtally.api.signing_keys import DevelopmentKeys, JwksKeys, SigningKeys
from signtally.api.tenant_access import TenantAccess
from signtally.ending import finish
from signtally.errors import SigntallyError
from signtally.services import Services
from signtally.settings import Settings
from signtally.shared_calls import SharedCalls
from signtally.stores.report_states import ReportState

_LEAST_BYTES_COMPRESSED = 1000  # what fits into a packet is not faster for being smaller


class UnsafeStartError(SigntallyError):
    """The API would trust the development key on real data; the text says which setting is missing."""


def create_app(services: Services, *, loopback_only: bool) -> FastAPI:
    """Build the application; *loopback_only* is true when every AWS endpoint is on this machine.

    Raises UnsafeStartError when it is false and SIGNTALLY_JWKS_URL is not set, DevelopmentKeyError when that key
    cannot be read or made.
    """
    app = FastAPI(
        lifespan=_with_threads,
        title="Signtally",
        version="1",
        summary="Usage reports of an eSignature service, for its tenants",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_tags=TAGS,
        generate_unique_id_function=operation_id,
    )
    app.state.services = services
    app.state.authenticator = Authenticator(
        _signing_keys(services.settings, loopback_only=loopback_only), settings=services.settings
    )
    app.state.bulkheads = Bulkheads()
    app.state.shared_orders = SharedCalls[ReportState]()  # a hundred who order the same at once are one order
    app.state.profiles = SharedReads(services.stores.tenants.get)
    app.state.recent_totals = RecentTotals()
    app.state.given_links = GivenLinks(services.settings.url_ttl)
    app.state.tenant_access = TenantAccess(services)
    app.state.rates = TenantRates(services.settings)
    app.state.metrics = metrics.RequestMetrics(app.state.bulkheads)
    app.state.probes = health.probes()
    app.router.routes.extend(_routes().routes)
    page.register(app, services.settings)
    error_handlers.register(app)
    _surround(app, settings=services.settings)
    describe(app)
    return app


@contextlib.asynccontextmanager
async def _with_threads(_: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield
    await anyio.to_thread.run_sync(finish)  # the server ends by the signal that it got


def _surround(app: FastAPI, *, settings: Settings) -> None:
    """Add the middleware, the innermost first."""
    app.add_middleware(CompressionMiddleware, minimum_size=_LEAST_BYTES_COMPRESSED, compresslevel=5)
    app.add_middleware(HeadAsGetMiddleware)
    if settings.cors_origins:
        app.add_middleware(cors, origins=settings.cors_origins)
    https = settings.public_url.startswith("https:")
    app.add_middleware(RequestContextMiddleware, metrics=app.state.metrics, https=https)


@functools.cache
def _routes() -> APIRouter:
    """All but those of the page, the same for every application: FastAPI takes 0.2 s to resolve them."""
    router = APIRouter(generate_unique_id_function=operation_id)
    router.include_router(_versioned(), prefix=metrics.PREFIX)  # here: without one, FastAPI resolves every route twice
    router.include_router(unsubscribe.router)
    router.include_router(health.router)
    router.include_router(metrics.router)
    return router


def _versioned() -> APIRouter:
    refusals: dict[int | str, dict[str, Any]] = problem_responses(
        ProblemKind.MISSING_TOKEN,
        ProblemKind.EXPIRED_TOKEN,
        ProblemKind.BAD_TOKEN,
        ProblemKind.FORBIDDEN,
        ProblemKind.BAD_REQUEST,
        ProblemKind.TOO_LARGE,
        ProblemKind.INVALID,
        ProblemKind.TOO_MANY_REQUESTS,
        ProblemKind.INTERNAL,
        ProblemKind.UNAVAILABLE,
        ProblemKind.KEYS_UNAVAILABLE,
    )
    rules = (reject_duplicate_query_params, reject_unknown_query_params, require_json_body, reject_duplicate_fields)
    router = APIRouter(responses=refusals, dependencies=[Depends(rule) for rule in rules])
    figures = (usage, insights, trend, document_list)
    made = (reports, report_groups, report_events, report_diff, report_deletion, files)
    for part in (*figures, *made, schedules, occurrences, digests, suppressions, profile, audit, me):
        router.include_router(part.router)
    return router


def _signing_keys(settings: Settings, *, loopback_only: bool) -> SigningKeys:
    if settings.jwks_url is not None:
        return JwksKeys.at(settings.jwks_url)
    if not loopback_only:
        raise UnsafeStartError(
            "SIGNTALLY_JWKS_URL is not set, and not every AWS endpoint is on this machine. Set it to the JSON Web Key "
            "Set of your identity provider, or point the AWS_ENDPOINT_URL_… variables at `signtally local`"
        )
    return DevelopmentKeys(settings.state_directory)
