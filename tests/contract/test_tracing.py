"""A trace from POST to file, as a collector of OpenTelemetry gets it over the wire."""

import asyncio
import dataclasses
import datetime as dt
import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from signtally import wiring
from signtally.api.app import create_app
from signtally.development_key import development_token
from signtally.domain.reports import ReportKey
from signtally.domain.tenants import TenantProfile
from signtally.loopback import LOOPBACK
from signtally.services import Services
from signtally.tracing import start_tracing, stop_tracing
from signtally.use_cases.ordering import OrderConsumer, OrderResult
from signtally.use_cases.reporting import make_report
from tests.support.loopback_http import LoopbackHttp, QuietHandler
from tests.support.order_consumers import consume

SECRET, TTL = "Zebedee", dt.timedelta(hours=1)
CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"


@dataclasses.dataclass(frozen=True)
class Found:
    """A span as it was sent; ids in hexadecimal."""

    name: str
    trace_id: str
    id: str
    parent_id: str
    attributes: dict[str, str]


class Collector(LoopbackHttp):
    """Takes spans by OTLP over HTTP."""

    def __init__(self) -> None:
        collector, self.raw, self.services = self, list[bytes](), set[str]()
        self.spans: list[Found] = []

        class Handler(QuietHandler):
            def do_POST(self) -> None:  # noqa: N802 -- http.server calls it so
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.take(gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
                self.send_response(200)
                self.end_headers()

        super().__init__(Handler)

    def take(self, body: bytes) -> None:
        self.raw.append(body)
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = {each.key: each.value.string_value for each in of_resource.resource.attributes}
            self.services.add(resource["service.name"])
            for scope in of_resource.scope_spans:
                self.spans += [found(span) for span in scope.spans]


def found(span: Any) -> Found:
    attributes = {each.key: each.value.string_value or str(each.value.int_value) for each in span.attributes}
    return Found(span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), attributes)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        start_tracing("test")
        yield collector
        stop_tracing()


def test_an_order_is_one_trace_from_post_to_file(collector: Collector, real_services: Services, tmp_path: Path) -> None:
    services = wiring.services(real_services.settings.model_copy(update={"state_directory": tmp_path}))
    services.stores.tenants.put(TenantProfile(tenant_id="acme", name=SECRET))
    consume(services)
    token = order(services)
    make_one(services)
    stop_tracing()

    spans = [span for span in collector.spans if span.trace_id == CALLER]
    by_id = {span.id: span for span in spans}

    def path(name: str) -> list[str]:
        """From the first span that has this name up to the root."""
        span, names = next(each for each in spans if each.name == name), [name]
        while (parent := by_id.get(span.parent_id)) is not None:
            span = parent
            names.append(span.name)
        return names

    assert path("sqs SendMessageBatch") == ["sqs SendMessageBatch", "POST /v1/reports"]
    assert path("render csv") == ["render csv", "make order", "POST /v1/reports"]
    assert path("timestream-query Query")[-1] == "POST /v1/reports"
    stored = [span for span in spans if span.name == "s3 PutObject" and by_id[span.parent_id].name == "make order"]
    assert stored, "the file is a part of it"
    (made,) = (span for span in spans if span.name == "make order")
    assert made.attributes["tenant"] == "acme"
    assert collector.services == {"signtally-test"}
    sent = b"".join(collector.raw)
    assert SECRET.encode() not in sent
    assert token.encode()[:20] not in sent
    assert {span.name for span in collector.spans}.isdisjoint({"sqs ReceiveMessage"}), "nobody looks at polls"


def test_without_an_endpoint_nothing_is_imported() -> None:
    program = (
        "import sys, signtally.tracing as t; t.start_tracing('api')\n"
        "with t.span('x') as s, t.continued_trace({'traceparent': '1'}): t.begin_call('y')(None)\n"
        "print(s, t.carried_trace(), [each for each in sys.modules if 'opentelemetry' in each])"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "None {} []\n"


def order(services: Services) -> str:
    """Over the API, as a part of the caller's own trace; the token."""
    token = development_token(settings=services.settings, tenant_id="acme", user_id="ann", role="tenant_admin", ttl=TTL)
    headers = {"Authorization": f"Bearer {token}", "traceparent": f"00-{CALLER}-00f067aa0ba902b7-01"}

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(services, loopback_only=True))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{LOOPBACK}", headers=headers) as client:
            return await client.post("/v1/reports", json={"period": "2026-09", "formats": ["csv"]})

    assert asyncio.run(post()).status_code == 202
    return token


def make_one(services: Services) -> None:
    stop = threading.Event()

    def make(key: ReportKey) -> None:
        make_report(key, services=services)
        stop.set()

    assert OrderConsumer(services, make=make).run(stop)[OrderResult.MADE] == 1
