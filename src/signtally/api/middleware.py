"""Middleware around every request: a request id, a line in the log, a size limit, security headers."""

import contextlib
import logging
import time
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signtally.api.metrics import PREFIX, RequestMetrics, route_of
from signtally.api.problems import ProblemError, ProblemKind, problem_response
from signtally.log_fields import log_fields
from signtally.tracing import is_tracing, span_of

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_LARGEST_BODY_BYTES = 256 * 1024
_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_HSTS = {"Strict-Transport-Security": "max-age=31536000"}
_TRACE_HEADERS = {b"traceparent", b"tracestate"}
_UNEXPECTED = "An unexpected error occurred. The log has it under the instance of this response."
_log = logging.getLogger("signtally.api")


class RequestContextMiddleware:
    """The outermost middleware: gives each request an id, logs it, and answers an unhandled error as a 500 problem."""

    def __init__(self, app: ASGIApp, *, metrics: RequestMetrics, https: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._https = https  # whether browsers reach it by TLS only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_log = _RequestLog(scope, receive, send, https=self._https)
        with log_fields(request_id=request_log.request_id), _traced(scope) as current:
            await self._answered(scope, receive, request_log)
            if current is not None:
                current.update_name(f"{scope['method']} {route_of(scope)}")
                current.set_attributes({"http.response.status_code": request_log.status or 500})

    async def _answered(self, scope: Scope, receive: Receive, request_log: "_RequestLog") -> None:
        try:
            await self._app(scope, request_log.receive, request_log.send)
        except Exception:
            _log.exception("%s failed", request_log)
            if request_log.status is not None:
                raise  # part of the response is sent already: all that is left is to break the connection
            problem = ProblemError(ProblemKind.INTERNAL, _UNEXPECTED)
            response = problem_response(problem, request_id=request_log.request_id)
            await response(scope, receive, request_log.send)
        finally:
            self._metrics.observe(scope, status=request_log.status or 500, seconds=request_log.seconds)
            _log.info("%s", request_log, extra=request_log.fields())


def cors(app: ASGIApp, *, origins: Sequence[str]) -> ASGIApp:
    """Lets scripts of these *origins* call the API with a token of their own; there are no cookies to send."""
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"],
        expose_headers=["ETag", "Location", "Retry-After", "X-Request-ID"],
    )


class HeadAsGetMiddleware:
    """Answers HEAD wherever there is GET, as GET without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        scope.setdefault("state", {})["is_head"] = True
        await self._app({**scope, "method": "GET"}, receive, send_without_body)


def _traced(scope: Scope) -> AbstractContextManager["Span | None"]:
    """A part of the caller's trace, if it has one; what monitors ask for is of no interest."""
    if not is_tracing() or not scope["path"].startswith(f"{PREFIX}/"):
        return contextlib.nullcontext()
    carrier = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _TRACE_HEADERS}
    return span_of(carrier, f"{scope['method']} {PREFIX}", "server", **{"http.request.method": scope["method"]})


class _RequestLog:
    """One request and its response: id, status and duration for the log; `receive` and `send` wrap ASGI's.

    `receive` limits the body's size, `send` adds the headers.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, https: bool) -> None:
        self._headers = _SECURITY_HEADERS | (_HSTS if https or scope["scheme"] == "https" else {})
        self.request_id = scope.setdefault("state", {})["request_id"] = str(uuid.uuid4())
        self.status: int | None = None
        self._scope = scope
        self._receive = receive
        self._send = send
        self._received_bytes = 0
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    async def receive(self) -> Message:
        message = await self._receive()
        self._received_bytes += len(message.get("body", b""))
        if self._received_bytes > _LARGEST_BODY_BYTES:
            # FastAPI lets its own kind of error through while it reads a body, and hides others.
            raise HTTPException(413, f"The request body is too large. Send at most {_LARGEST_BODY_BYTES // 1024} KiB.")
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
            headers["X-Request-ID"] = self.request_id
            if self._scope["path"].startswith("/v1/"):
                headers.setdefault("Cache-Control", "no-store")
        await self._send(message)

    def fields(self) -> dict[str, object]:
        """What the line of the log says, for machines."""
        ms = round(self.seconds * 1000, 1)
        return {"method": self._scope["method"], "route": route_of(self._scope), "status": self.status or 500, "ms": ms}

    def __str__(self) -> str:
        # The raw path is percent-encoded, so it cannot break the line; the query may hold secrets and stays out.
        # A Lambda function has none.
        raw = self._scope.get("raw_path") or quote(self._scope["path"]).encode()
        path = raw.partition(b"?")[0].decode("ascii", "replace")
        return (
            f"{self._scope['method']} {path} → {self.status or 500} in {self.seconds * 1000:.0f} ms [{self.request_id}]"
        )
