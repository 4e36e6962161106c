"""Reports on demand on the running system: one at a time, two hundred at once, a hundred equal ones, and what is there.

    .venv/bin/python benchmarks/api/bench_orders.py [--without-steady]

It starts the whole stack, fills it with 5,000 events, and orders through the API. The floor reads, renders, stores and
signs in one process, without API, queue and consumer; the ratio is their price. The crowd orders PDFs of 30 days each,
no two of the same days. At last, 200 requests a second for a minute, sent whether those before are answered or not.
"""

import argparse
import asyncio
import datetime as dt
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))  # local_stack

from local_stack import fill, running_stack

from signtally import wiring
from signtally.development_key import development_token
from signtally.domain.periods import period_between
from signtally.domain.reports import ReportRequest
from signtally.local.stack import Stack
from signtally.services import Services
from signtally.use_cases import reporting

SINGLE, CROWD, EQUAL, CALLS = 15, 200, 100, 100
CROWD_DAYS, CROWD_BEGINS, FLOOR_BEGINS = 30, 31, 300  # days of a report, and days ago
LOOK_SECONDS = 5.0  # between two looks at what the crowd waits for: more would be a load of its own
RATE, STEADY_SECONDS = 200, 60
Order = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without-steady", action="store_true", help="leave out the minute of 200 requests a second")
    options = parser.parse_args()
    with running_stack() as stack:
        services = wiring.services()
        tenant_id = fill(services)
        today = services.stores.tenants.get(tenant_id).today(services.clock())
        asyncio.run(_measure(stack, services, tenant_id, today))
        if not options.without_steady:
            asyncio.run(_steady(stack, services, tenant_id, today))


async def _measure(stack: Stack, services: Services, tenant_id: str, today: dt.date) -> None:
    # Prefect's server, the workers and the pool are warm before anything is measured.
    async with _client(stack, services, tenant_id) as api:
        await asyncio.gather(*(_followed(api, _order(today, days)) for days in range(300, 304)))
        one = [await _followed(api, _order(today, 30 + number)) for number in range(SINGLE)]
        direct = [_direct(services, tenant_id, _order(today, 60 + number)) for number in range(SINGLE)]
        existing = await _timed(api, "POST", "/v1/reports", json=_order(today, 30))
        usage = await _timed(api, "GET", f"/v1/usage?period={today:%Y-%m}")
        equal, equal_codes = await _accepted(api, [_order(today, 200)] * EQUAL)
        crowd = [_month(today, CROWD_BEGINS + number) for number in range(CROWD)]
        began, meanwhile = time.perf_counter(), asyncio.create_task(_usage_meanwhile(api, today))
        accepted, codes = await _accepted(api, crowd)
        ready = await asyncio.gather(*(_ready(api, order, began) for order in crowd))
        meanwhile.cancel()
        watched = await asyncio.gather(meanwhile, return_exceptions=False)
    floor = statistics.median(direct)
    print(f"load {os.getloadavg()[0]:.1f}\n\n| | it | floor | ratio | goal |\n|---|---|---|---|---|")
    _row("a new PDF and workbook, POST to URL, p50", f"{statistics.median(one):.2f} s", "0.8 s", floor=floor, of=one)
    _row(f"{CROWD} different at once: the last accepted after", f"{max(accepted):.2f} s {dict(codes)}", "1 s")
    crowd_floor = _floor_of_a_crowd(services, tenant_id, today)
    _row("… the last ready after", f"{max(ready):.0f} s", "75 s", floor=crowd_floor, of=[max(ready)])
    _row("… `GET /v1/usage` meanwhile, p95", f"{1000 * _p95(watched[0]):.0f} ms", "150 ms")
    _row(f"{EQUAL} equal at once: the last answered after", f"{max(equal):.2f} s {dict(equal_codes)}", "no 503")
    _row("POST of a report that exists, p95", f"{1000 * _p95(existing):.0f} ms", "30 ms")
    _row("a month's usage, p95", f"{1000 * _p95(usage):.0f} ms", "50 ms")


def _row(name: str, it: str, goal: str, *, floor: float | None = None, of: list[float] | None = None) -> None:
    beside = f"{floor:.2f} s | {statistics.median(of) / floor:.2f} ×" if floor and of else "| "
    print(f"| {name} | {it} | {beside} | {goal} |")


def _client(stack: Stack, services: Services, tenant_id: str) -> httpx.AsyncClient:
    ttl = dt.timedelta(hours=1)
    settings = services.settings
    token = development_token(settings=settings, tenant_id=tenant_id, user_id="u", role="tenant_admin", ttl=ttl)
    # Expiry: the API drops idle connections, and a request that meets one would fail for no reason of its own.
    limits = httpx.Limits(max_connections=2 * CROWD, keepalive_expiry=2)
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=stack.page_url, headers=headers, timeout=120, limits=limits)


def _month(today: dt.date, days_ago: int) -> Order:
    last = today - dt.timedelta(days=days_ago)
    return {"from": str(last - dt.timedelta(days=CROWD_DAYS - 1)), "to": str(last), "formats": ["pdf"]}


def _order(today: dt.date, days: int) -> Order:
    return {"from": str(today - dt.timedelta(days=days)), "to": str(today), "formats": ["pdf", "xlsx"]}


async def _followed(api: httpx.AsyncClient, order: Order) -> float:
    """Seconds until the signed URL has delivered the PDF."""
    began = time.perf_counter()
    report = (await api.post("/v1/reports", json=order)).raise_for_status().json()
    while report["status"] != "ready":
        assert report["status"] != "failed", report
        report = (await api.get(f"/v1/reports/{report['report_id']}")).raise_for_status().json()
    (pdf,) = (file for file in report["files"] if file["format"] == "pdf")
    async with httpx.AsyncClient() as anybody:
        (await anybody.get(pdf["url"])).raise_for_status()
    return time.perf_counter() - began


async def _accepted(api: httpx.AsyncClient, orders: Iterable[Order]) -> tuple[list[float], Counter[int]]:
    """All at once: the seconds until each was answered, and how."""

    async def post(order: Order) -> tuple[float, int]:
        began = time.perf_counter()
        answer = await api.post("/v1/reports", json=order)
        return time.perf_counter() - began, answer.status_code

    answers = await asyncio.gather(*map(post, orders))
    return [seconds for seconds, _ in answers], Counter(code for _, code in answers)


async def _ready(api: httpx.AsyncClient, order: Order, began: float) -> float:
    """Seconds from *began* until this order, placed before, is ready; looked at every few seconds."""
    report = (await api.post("/v1/reports", json=order)).raise_for_status().json()
    while report["status"] != "ready":
        assert report["status"] != "failed", report
        await asyncio.sleep(LOOK_SECONDS)
        answer = await api.get(f"/v1/reports/{report['report_id']}")
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:  # busy: with Retry-After
            report = answer.raise_for_status().json()
    return time.perf_counter() - began


async def _usage_meanwhile(api: httpx.AsyncClient, today: dt.date) -> list[float]:
    """Until it is cancelled."""
    seconds: list[float] = []
    try:
        while True:
            seconds += await _timed(api, "GET", f"/v1/usage?period={today:%Y-%m}", calls=1)
            await asyncio.sleep(0.2)
    except asyncio.CancelledError:
        return seconds


async def _timed(api: httpx.AsyncClient, method: str, path: str, *, calls: int = CALLS, **options: Any) -> list[float]:  # noqa: ANN401
    seconds = []
    for _ in range(calls):
        began = time.perf_counter()
        (await api.request(method, path, **options)).raise_for_status()
        seconds.append(time.perf_counter() - began)
    return seconds


async def _steady(stack: Stack, services: Services, tenant_id: str, today: dt.date) -> None:
    """RATE requests a second: what an open page asks for, mostly who it is for, now and then figures and reports."""
    async with _client(stack, services, tenant_id) as api:
        order = _order(today, 30)
        report = (await api.post("/v1/reports", json=order)).raise_for_status().json()
        status = f"/v1/reports/{report['report_id']}"
        paths = ["/v1/me", "/v1/profile", "/v1/me", status, "/v1/me"] * 3 + [f"/v1/usage?period={today:%Y-%m}"]
        answers: list[tuple[float, int]] = []

        async def get(path: str) -> None:
            began = time.perf_counter()
            try:
                code = (await api.get(path)).status_code
            except httpx.HTTPError:
                code = 0
            answers.append((time.perf_counter() - began, code))

        began = time.perf_counter()
        async with asyncio.TaskGroup() as sent:
            for number in range(RATE * STEADY_SECONDS):
                await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
                sent.create_task(get(paths[number % len(paths)]))
        seconds = time.perf_counter() - began
    codes, p95 = Counter(code for _, code in answers), _p95([each for each, _ in answers])
    rate = len(answers) / seconds
    _row(f"{RATE} requests/s for a minute", f"{rate:.0f}/s, p95 {1000 * p95:.0f} ms, {dict(codes)}", "no error")


def _direct(services: Services, tenant_id: str, order: Order) -> float:
    began = time.perf_counter()
    period = period_between(dt.date.fromisoformat(order["from"]), dt.date.fromisoformat(order["to"]))
    request = ReportRequest(tenant_id, period, tuple(order["formats"]))
    manifest = reporting.report_now(request, requested_by="benchmark", services=services)
    url, _ = reporting.file_link(manifest, "pdf", services=services)
    httpx.get(url).raise_for_status()
    return time.perf_counter() - began


def _floor_of_a_crowd(services: Services, tenant_id: str, today: dt.date) -> float:
    """The same reports made in one process, as many at a time as a consumer makes."""
    at_once = 2 * services.settings.render_processes
    orders = [_month(today, FLOOR_BEGINS + number) for number in range(CROWD)]
    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as threads:
        list(threads.map(lambda order: _direct(services, tenant_id, order), orders))
    return time.perf_counter() - began


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.95 * len(seconds))]


if __name__ == "__main__":
    main()
