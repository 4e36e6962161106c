"""Traces from an order's POST to its file, by OpenTelemetry: where `OTEL_EXPORTER_OTLP_ENDPOINT` is set; else nothing.

Then nothing is imported, and a span costs a comparison. Spans have ids, formats and sizes: no names, no addresses, no
texts of errors.
"""

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from signtally.ending import at_end
from signtally.errors import SigntallyError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_CARRIED = ("traceparent", "tracestate")  # W3C Trace Context
Attribute = str | int | float

_provider: "TracerProvider | None" = None
_tracer: "Tracer | None" = None  # None: nobody wants traces


class TracingNotInstalledError(SigntallyError):
    """An exporter's endpoint is set, and the extra `tracing` is not installed."""


def start_tracing(program: str) -> None:
    """Trace from now on until the process ends, if an endpoint is set: as the service `signtally-{program}`.

    Raises TracingNotInstalledError.
    """
    global _provider, _tracer  # noqa: PLW0603 -- of this process
    if _tracer is not None or not any(os.environ.get(name) for name in _ENDPOINTS):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 -- an extra
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise TracingNotInstalledError(
            f"{_ENDPOINTS[0]} is set, and traces need the extra `tracing`: pip install 'signtally[tracing]' ({error})"
        ) from error
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: f"signtally-{program}"}
    _provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("signtally")
    at_end(stop_tracing)


def is_tracing() -> bool:
    return _tracer is not None


def stop_tracing() -> None:
    """Send what is left, and trace no more."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        provider.shutdown()


@contextlib.contextmanager
def span(name: str, kind: str = "internal", **attributes: Attribute) -> Iterator["Span | None"]:
    """The block as a part of the present trace, or as a new one; *kind* is internal, server, client or consumer."""
    if _tracer is None:
        yield None
        return
    with _tracer.start_as_current_span(
        name, kind=_kind(kind), attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except BaseException as error:
            _fail(current, type(error).__name__)
            raise


def begin_call(name: str, **attributes: Attribute) -> Callable[[str | None], None]:
    """A call to a service, if it is a part of a trace; call what is returned when it has ended, with its error."""
    if _tracer is None:
        return _nothing
    from opentelemetry.trace import get_current_span  # noqa: PLC0415 -- only where there is a tracer

    if not get_current_span().is_recording():
        return _nothing  # such as the polls of a consumer
    return functools.partial(_end_call, _tracer.start_span(name, kind=_kind("client"), attributes=attributes))


def carried_trace() -> dict[str, str]:
    """The present trace for whoever goes on with the work elsewhere, such as `{"traceparent": …}`; else empty."""
    carrier: dict[str, str] = {}
    if _tracer is not None:
        _propagator().inject(carrier)
    return carrier


@contextlib.contextmanager
def span_of(
    carrier: Mapping[str, str], name: str, kind: str = "internal", **attributes: Attribute
) -> Iterator["Span | None"]:
    """The block as a part of a trace that was carried here, or as a new one."""
    with continued_trace(carrier), span(name, kind, **attributes) as current:
        yield current


@contextlib.contextmanager
def continued_trace(carrier: Mapping[str, str]) -> Iterator[None]:
    """Go on with a trace that was carried here, or without one."""
    if _tracer is None:
        yield
        return
    from opentelemetry import context  # noqa: PLC0415 -- only where there is a tracer

    found = {name: carrier[name] for name in _CARRIED if name in carrier}
    token = context.attach(_propagator().extract(found, context=context.Context()))
    try:
        yield
    finally:
        context.detach(token)


def _end_call(call: "Span", error: str | None) -> None:
    if error is not None:
        _fail(call, error)
    call.end()


def _nothing(error: str | None) -> None:
    del error


def _fail(failed: "Span", why: str) -> None:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 -- only where there is a tracer

    failed.set_status(StatusCode.ERROR, why)


def _kind(name: str) -> Any:  # noqa: ANN401 -- a SpanKind, imported only where there is a tracer
    return import_module("opentelemetry.trace").SpanKind[name.upper()]


@functools.cache
def _propagator() -> Any:  # noqa: ANN401 -- as above
    return import_module("opentelemetry.trace.propagation.tracecontext").TraceContextTextMapPropagator()
