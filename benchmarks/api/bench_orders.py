"""Reports on demand on the running system: one at a time, two hundred at once, a hundred equal ones, and what is there.

    .venv/bin/python benchmarks/api/bench_orders.py [--without-steady]

It starts the whole stack, fills it with 5,000 events, and orders through the API. The floor does the same work in one
process, without API, queue and consumer; the ratio is their price. The crowd orders PDFs of 30 days each, no two of the
same days; the floor of accepting it is its requests to S3 and SQS, from as many threads as the API lets order. At last,
200 requests a second for a minute, sent whether those before are answered or not.
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
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1]))  # local_stack

import order_floors as floors
from local_stack import fill, running_stack

from signtally import wiring
from signtally.development_key import development_token
from signtally.local.stack import Stack
from signtally.services import Services

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
        direct = [floors.made(services, tenant_id, _order(today, 60 + number)) for number in range(SINGLE)]
        existing = await _timed(api, "POST", "/v1/reports", order=_order(today, 30))
        found = [floors.found(services, tenant_id, _order(today, 30)) for _ in range(CALLS)]
        usage = await _timed(api, "GET", f"/v1/usage?period={today:%Y-%m}")
        read = [floors.read(services, tenant_id, today) for _ in range(CALLS)]
        equal, equal_codes = await _accepted(api, [_order(today, 200)] * EQUAL)
        accept_floor = floors.accepted(services, orders=CROWD)
        crowd = [_month(today, CROWD_BEGINS + number) for number in range(CROWD)]
        began, meanwhile = time.perf_counter(), asyncio.create_task(_usage_meanwhile(api, today))
        accepted, codes = await _accepted(api, crowd)
        ready = await asyncio.gather(*(_ready(api, order, began) for order in crowd))
        meanwhile.cancel()
        watched = await asyncio.gather(meanwhile, return_exceptions=False)
    print(f"load {os.getloadavg()[0]:.1f}\n\n| | it | floor | ratio | goal |\n|---|---|---|---|---|")
    _row("a new PDF and workbook, POST to URL, p50", _median(one), "0.8 s", floor=_median(direct))
    _row(f"{CROWD} different at once: the last accepted after", max(accepted), "1 s", floor=accept_floor, codes=codes)
    others = [_month(today, FLOOR_BEGINS + number) for number in range(CROWD)]
    crowd_floor = floors.crowd_made(services, tenant_id, others)
    _row("… the last ready after", max(ready), "75 s", floor=crowd_floor)
    _row("… `GET /v1/usage` meanwhile, p95", _p95(watched[0]), "150 ms")
    _row(f"{EQUAL} equal at once: the last answered after", max(equal), "no 503", codes=equal_codes)
    _row("POST of a report that exists, p95", _p95(existing), "30 ms", floor=_p95(found))
    _row("a month's usage, p95", _p95(usage), "50 ms", floor=_p95(read))


def _row(
    name: str, seconds: float, goal: str, *, floor: float | None = None, codes: Counter[int] | None = None
) -> None:
    answers = "".join(f", {number} × {code}" for code, number in sorted((codes or {}).items()))
    beside = f"{_spoken(floor)} | {seconds / floor:.2f} ×" if floor else "| "
    print(f"| {name} | {_spoken(seconds)}{answers} | {beside} | {goal} |")


def _spoken(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 0.5 else f"{seconds:.2f} s"


def _client(stack: Stack, services: Services, tenant_id: str) -> aiohttp.ClientSession:
    ttl = dt.timedelta(hours=1)
    settings = services.settings
    token = development_token(settings=settings, tenant_id=tenant_id, user_id="u", role="tenant_admin", ttl=ttl)
    # Expiry: the API drops idle connections, and a request that meets one would fail for no reason of its own.
    connections = aiohttp.TCPConnector(limit=2 * CROWD, keepalive_timeout=2)
    timeout = aiohttp.ClientTimeout(total=120)
    headers = {"Authorization": f"Bearer {token}"}
    return aiohttp.ClientSession(stack.page_url, headers=headers, timeout=timeout, connector=connections)


async def _call(api: aiohttp.ClientSession, method: str, path: str, order: Order | None = None) -> tuple[int, Any]:
    async with api.request(method, path, json=order) as answer:
        return answer.status, await answer.json()


async def _good(api: aiohttp.ClientSession, method: str, path: str, order: Order | None = None) -> Any:  # noqa: ANN401 -- JSON
    status, document = await _call(api, method, path, order=order)
    assert status < HTTPStatus.BAD_REQUEST, document
    return document


def _month(today: dt.date, days_ago: int) -> Order:
    last = today - dt.timedelta(days=days_ago)
    return {"from": str(last - dt.timedelta(days=CROWD_DAYS - 1)), "to": str(last), "formats": ["pdf"]}


def _order(today: dt.date, days: int) -> Order:
    return {"from": str(today - dt.timedelta(days=days)), "to": str(today), "formats": ["pdf", "xlsx"]}


async def _followed(api: aiohttp.ClientSession, order: Order) -> float:
    """Seconds until the signed URL has delivered the PDF."""
    began = time.perf_counter()
    report = await _good(api, "POST", "/v1/reports", order=order)
    while report["status"] != "ready":
        assert report["status"] != "failed", report
        report = await _good(api, "GET", f"/v1/reports/{report['report_id']}")
    (pdf,) = (file for file in report["files"] if file["format"] == "pdf")
    async with aiohttp.ClientSession() as anybody, anybody.get(pdf["url"], raise_for_status=True) as answer:
        await answer.read()
    return time.perf_counter() - began


async def _accepted(api: aiohttp.ClientSession, orders: Iterable[Order]) -> tuple[list[float], Counter[int]]:
    """All at once: the seconds until each was answered, and how."""

    async def post(order: Order) -> tuple[float, int]:
        began = time.perf_counter()
        status, _ = await _call(api, "POST", "/v1/reports", order=order)
        return time.perf_counter() - began, status

    answers = await asyncio.gather(*map(post, orders))
    return [seconds for seconds, _ in answers], Counter(code for _, code in answers)


async def _ready(api: aiohttp.ClientSession, order: Order, began: float) -> float:
    """Seconds from *began* until this order, placed before, is ready; looked at every few seconds."""
    report = await _good(api, "POST", "/v1/reports", order=order)
    while report["status"] != "ready":
        assert report["status"] != "failed", report
        await asyncio.sleep(LOOK_SECONDS)
        status, document = await _call(api, "GET", f"/v1/reports/{report['report_id']}")
        if status != HTTPStatus.SERVICE_UNAVAILABLE:  # busy: with Retry-After
            assert status == HTTPStatus.OK, document
            report = document
    return time.perf_counter() - began


async def _usage_meanwhile(api: aiohttp.ClientSession, today: dt.date) -> list[float]:
    """Until it is cancelled."""
    seconds: list[float] = []
    try:
        while True:
            seconds += await _timed(api, "GET", f"/v1/usage?period={today:%Y-%m}", calls=1)
            await asyncio.sleep(0.2)
    except asyncio.CancelledError:
        return seconds


async def _timed(
    api: aiohttp.ClientSession, method: str, path: str, *, order: Order | None = None, calls: int = CALLS
) -> list[float]:
    seconds = []
    for _ in range(calls):
        began = time.perf_counter()
        await _good(api, method, path, order=order)
        seconds.append(time.perf_counter() - began)
    return seconds


async def _steady(stack: Stack, services: Services, tenant_id: str, today: dt.date) -> None:
    """RATE requests a second: what an open page asks for, mostly who it is for, now and then figures and reports."""
    async with _client(stack, services, tenant_id) as api:
        order = _order(today, 30)
        report = await _good(api, "POST", "/v1/reports", order=order)
        status = f"/v1/reports/{report['report_id']}"
        paths = ["/v1/me", "/v1/profile", "/v1/me", status, "/v1/me"] * 3 + [f"/v1/usage?period={today:%Y-%m}"]
        answers: list[tuple[float, int]] = []

        async def get(path: str) -> None:
            began = time.perf_counter()
            try:
                code, _ = await _call(api, "GET", path)
            except (aiohttp.ClientError, TimeoutError):
                code = 0
            answers.append((time.perf_counter() - began, code))

        began = time.perf_counter()
        async with asyncio.TaskGroup() as sent:
            for number in range(RATE * STEADY_SECONDS):
                await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
                sent.create_task(get(paths[number % len(paths)]))
        seconds = time.perf_counter() - began
    codes, p95 = Counter(code for _, code in answers), _p95([each for each, _ in answers])
    name = f"{RATE} requests/s for a minute: {len(answers) / seconds:.0f}/s come, p95"
    _row(name, p95, "no error", codes=codes)


def _median(seconds: list[float]) -> float:
    return statistics.median(seconds)


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.95 * len(seconds))]


if __name__ == "__main__":
    main()
