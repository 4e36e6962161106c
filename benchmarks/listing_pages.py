"""What a page of `GET /v1/usage?group_by=user` and of `GET /v1/documents` takes, for a tenant with 20,000 users.

    .venv/bin/python benchmarks/listing_pages.py [--users 20000]

Through the application, without a network, over the local AWS. Each user has rows on ten days of the month and
events today, and sent a document in the month. Pages are those of a person who reads on: each begins where the one
before ended. The floor is one query of those that a page of users needs: the sums by day for its totals.
"""

import argparse
import asyncio
import contextlib
import datetime as dt
import os
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import polars as pl
from local_stack import running_services

from signtally.api.app import create_app
from signtally.development_key import development_token
from signtally.domain.actions import MEASURES, Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import start_of_day
from signtally.domain.schemas import DAILY_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.domain.time_units import ONE_DAY
from signtally.services import Services

TENANT = TenantProfile(tenant_id="giant", timezone="Europe/Berlin")
PAGES, WARM_UP = 40, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20_000)
    options = parser.parse_args()
    with running_services() as (services, _):
        fill(services, options.users)
        _report(services)


def _report(services: Services) -> None:
    today = TENANT.today(services.clock())
    days = {"first": today - dt.timedelta(days=61), "last": today}
    print("| | p50 | p95 | CPU of all processes |\n|---|---|---|---|")
    for name, role, path, query in (
        ("a page of users", "tenant_admin", "/v1/usage", {"group_by": "user"}),
        ("a member’s own row", "member", "/v1/usage", {"group_by": "user"}),
        ("totals by day", "tenant_admin", "/v1/usage", {"group_by": "day"}),
        ("a page of documents", "tenant_admin", "/v1/documents", {}),
        ("… of open ones", "tenant_admin", "/v1/documents", {"status": "open"}),
        ("… of a member’s", "member", "/v1/documents", {}),
    ):
        period = {"from": str(today - dt.timedelta(days=30)), "to": str(today)}
        _print(name, lambda: asyncio.run(_pages(services, role, path, period | query)))  # noqa: B023 -- called at once
    _print("floor", lambda: [*_sums(services, days)])


def _print(name: str, measure: Callable[[], list[float]]) -> None:
    before = _cpu_seconds()
    times = measure()
    cpu = (_cpu_seconds() - before) / (PAGES + WARM_UP)
    p95 = statistics.quantiles(times, n=20)[-1]
    print(f"| {name} | {' | '.join(f'{each * 1000:.0f} ms' for each in (statistics.median(times), p95, cpu))} |")


def _sums(services: Services, days: dict[str, dt.date]) -> Iterator[float]:
    for _ in range(PAGES + WARM_UP):
        began = time.perf_counter()
        services.usage_store.day_totals(TENANT.tenant_id, **days, user_ids=None)
        yield time.perf_counter() - began


def _cpu_seconds() -> float:
    """Of this process and of those that it started: the local AWS."""
    own = os.getpid()
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = stat.read_text().rpartition(") ")[2].split()
            if int(stat.parent.name) == own or int(fields[1]) == own:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def _pages(services: Services, role: str, path: str, query: dict[str, str]) -> list[float]:
    """Seconds a page, from the first one on again after the last."""
    times: list[float] = []
    cursor: dict[str, str] = {}
    async with _client(services, role) as client:
        for _ in range(PAGES + WARM_UP):
            began = time.perf_counter()
            answer = await client.get(path, params=query | cursor)
            times.append(time.perf_counter() - began)
            following = answer.raise_for_status().json()["next_cursor"]
            cursor = {"cursor": following} if following else {}
    return times[WARM_UP:]


def _client(services: Services, role: str) -> httpx.AsyncClient:
    token = development_token(
        settings=services.settings,
        tenant_id=TENANT.tenant_id,
        user_id="u_000007",
        role=role,
        ttl=dt.timedelta(hours=1),
    )
    application = httpx.ASGITransport(create_app(services, loopback_only=True))
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=application, base_url="http://localhost", headers=headers)


def fill(services: Services, users: int, *, days_active: int = 10, documents: bool = True) -> None:
    """Write what the tenant's users did: rows of daily usage, and their documents' events."""
    services.stores.tenants.put(TENANT)
    now = services.clock()
    parts = [*_usage(users, TENANT.today(now), days_active).iter_slices(5_000)]
    events = [*_events(users, now)] if documents else []
    batches = [events[index : index + 100] for index in range(0, len(events), 100)]
    with ThreadPoolExecutor(4) as writers:
        list(writers.map(lambda part: services.usage_store.put_daily_usage(part, version=1), parts))
        list(writers.map(services.usage_store.put_events, batches))


def _usage(users: int, today: dt.date, days_active: int) -> pl.DataFrame:
    """Rows of daily usage of everybody on some of the thirty days before today."""
    ids = pl.DataFrame({"user_id": [f"u_{number:06}" for number in range(users)]})
    days = pl.DataFrame({"day": [today - (3 * number + 1) * ONE_DAY for number in range(days_active)]})
    figures = {measure: pl.lit(1, pl.Int64()) for measure in MEASURES}
    email = pl.format("{}@giant.example", "user_id")
    whose = {"tenant_id": pl.lit(TENANT.tenant_id), "timezone": pl.lit(TENANT.timezone)}
    names = {"user_name": pl.format("Person {}", "user_id"), "user_email": email}
    return ids.join(days, how="cross").with_columns(**whose, **figures, **names).match_to_schema(DAILY_USAGE)


def _events(users: int, now: dt.datetime) -> Iterator[ReceivedEvent]:
    """One document a user within the month, three of four completed; and one viewed today."""
    today_began = start_of_day(TENANT.today(now), TENANT.zone)
    for number in range(users):
        sent = now - dt.timedelta(days=1 + number % 29, seconds=number)
        yield _event(number, Action.SENT, sent)
        yield _event(number, Action.SIGNED, sent + dt.timedelta(hours=3))
        if number % 4:
            yield _event(number, Action.COMPLETED, sent + dt.timedelta(hours=5))
        yield _event(number, Action.VIEWED, max(today_began, now - dt.timedelta(minutes=number % 600 + 1)))


def _event(number: int, action: Action, at: dt.datetime) -> ReceivedEvent:
    name = f"d{number:06}"
    happened = UsageEvent(
        "/p",
        f"{name}-{action}",
        action,
        TENANT.tenant_id,
        f"u_{number:06}",
        name,
        at,
        sent_at=at if action is Action.COMPLETED else None,
        user_name=f"Person {number}",
        user_email=f"{name}@giant.example",
    )
    return ReceivedEvent(happened, at, f"{name}-{action}")


if __name__ == "__main__":
    main()
