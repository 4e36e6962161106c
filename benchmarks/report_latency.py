"""From `POST /v1/reports` to a downloadable PDF on the running system, against making the same report in process.

    .venv/bin/python benchmarks/report_latency.py

The floor does the same work (read, render, store, sign) without API, Prefect and worker; the ratio is their price.
"""

import contextlib
import datetime as dt
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

from signtally import wiring
from signtally.development_key import development_token
from signtally.domain.periods import period_between
from signtally.domain.reports import ReportRequest
from signtally.local.local_aws import LocalAws
from signtally.local.processes import Supervisor
from signtally.local.stack import Stack
from signtally.loopback import free_port
from signtally.sample.plan import TrafficPlan
from signtally.sample.sending import default_until, emit
from signtally.services import Services
from signtally.use_cases import aggregating, ingesting, reporting

REPORTS = 15
FORMATS = ("pdf", "xlsx")


def main() -> None:
    with tempfile.TemporaryDirectory() as data, Supervisor(log=lambda _: None) as supervisor:
        stack = Stack(LocalAws(free_port(0), free_port(0), Path(data)), free_port(0), free_port(0))
        stack.start(supervisor, log=lambda line: print(line, file=sys.stderr))
        services = wiring.services()
        tenant_id = _fill(services)
        today = services.stores.tenants.get(tenant_id).today(services.clock())
        with _api(stack, services, tenant_id) as api:
            ordered = [_ordered(api, today - dt.timedelta(days=30 + number), today) for number in range(REPORTS)]
        direct = [
            _direct(services, tenant_id, today - dt.timedelta(days=60 + number), today) for number in range(REPORTS)
        ]
    print("| | p50 | slowest | |\n|---|---|---|---|")
    floor = statistics.median(direct)
    for name, times in (("ordered through the API", ordered), ("made in process (floor)", direct)):
        p50 = statistics.median(times)
        print(f"| {name} | {p50:.2f} s | {max(times):.2f} s | {p50 / floor:.1f} × |")


def _fill(services: Services) -> str:
    until = default_until(services.clock())
    emit(TrafficPlan(tenants=5, days=90, events=5_000, seed=1, until=until), services=services)
    ingesting.drain(services=services)
    aggregating.aggregate_touched(services=services)
    return next(iter(services.stores.tenants.all()))


@contextlib.contextmanager
def _api(stack: Stack, services: Services, tenant_id: str):  # noqa: ANN202 -- a context manager of a client
    ttl = dt.timedelta(hours=1)
    settings = services.settings
    token = development_token(settings=settings, tenant_id=tenant_id, user_id="u", role="tenant_admin", ttl=ttl)
    with httpx.Client(base_url=stack.page_url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as api:
        yield api


def _ordered(api: httpx.Client, first: dt.date, last: dt.date) -> float:
    """Seconds until the signed URL has delivered the PDF."""
    began = time.perf_counter()
    order = {"from": str(first), "to": str(last), "formats": FORMATS}
    report = api.post("/v1/reports", json=order).raise_for_status().json()
    while report["status"] != "ready":
        assert report["status"] != "failed", report
        report = api.get(f"/v1/reports/{report['report_id']}").raise_for_status().json()
    (pdf,) = (file for file in report["files"] if file["format"] == "pdf")
    httpx.get(pdf["url"]).raise_for_status()
    return time.perf_counter() - began


def _direct(services: Services, tenant_id: str, first: dt.date, last: dt.date) -> float:
    began = time.perf_counter()
    request = ReportRequest(tenant_id, period_between(first, last), FORMATS)
    manifest = reporting.report_now(request, requested_by="benchmark", services=services)
    url, _ = reporting.file_link(manifest, "pdf", services=services)
    httpx.get(url).raise_for_status()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
