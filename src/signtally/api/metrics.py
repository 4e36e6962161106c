"""`GET /metrics`: how many requests there were and how long they took, for Prometheus; nothing about tenants."""

import functools

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import Scope

from signtally import measurements
from signtally.api.concurrency import Bulkheads

router = APIRouter(tags=["health"])
PREFIX = "/v1"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_OTHER = "other"  # a path that is none of the routes': anybody can make up many


class RequestMetrics:
    """The metrics of one application; several in one process count apart."""

    def __init__(self, bulkheads: Bulkheads) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route")
        self._answers = Counter(
            "signtally_http_requests", "Requests that were answered", (*labels, "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "signtally_http_request_seconds",
            "From the request's first byte to the answer's last",
            labels,
            buckets=_SECONDS,
            registry=self.registry,
        )
        free = Gauge("signtally_http_free_slots", "Calls that may begin at once", ("kind",), registry=self.registry)
        for kind, limit in bulkheads.by_kind().items():
            free.labels(kind).set_function(functools.partial(getattr, limit, "free"))

    def observe(self, scope: Scope, *, status: int, seconds: float) -> None:
        route = route_of(scope)
        method = scope["method"] if route != _OTHER else _OTHER
        self._answers.labels(method, route, status).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """Of this application, and what the process measures besides."""
        return generate_latest(self.registry) + measurements.text()


def route_of(scope: Scope) -> str:
    """The path as its route has it, such as `/v1/reports/{report_id}`."""
    path: str | None = getattr(scope.get("route"), "path", None)
    if path is None:
        return _OTHER
    # The framework's route does not know the prefix of the router that has it.
    return f"{PREFIX}{path}" if scope["path"].startswith(f"{PREFIX}/") and not path.startswith(PREFIX) else path


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "In its text format"}},
)
async def metrics(request: Request) -> Response:
    """Requests by route and status, how long they took, and free slots; keep it inside your network."""
    found: RequestMetrics = request.app.state.metrics
    return Response(found.text(), media_type=CONTENT_TYPE_LATEST)
