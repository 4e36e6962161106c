"""What a page of `GET /v1/usage?group_by=user` and of `GET /v1/documents` takes, for a tenant with 20,000 users.

    .venv/bin/python benchmarks/listing_pages.py [--users 20000]

Through the application, without a network, over one local Timestream. Each user has rows on ten days of the month and
events today, and sent a document in the month. Pages are those of a person who reads on: each begins where the one
before ended. Beside stands what one query costs that adds up the same rows and answers one row.
"""

import argparse
import contextlib
import datetime as dt
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
from fastapi.testclient import TestClient

from signtally import wiring
from signtally.api.app import create_app
from signtally.development_key import development_token
from signtally.domain.actions import MEASURES, Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import start_of_day
from signtally.domain.schemas import DAILY_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.local.local_aws import LocalAws
from signtally.local.processes import Supervisor
from signtally.loopback import free_port
from signtally.services import Services
from signtally.use_cases import provisioning

TENANT = TenantProfile(tenant_id="giant", timezone="Europe/Berlin")
PAGES = 40
DAYS_ACTIVE = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as data, Supervisor(log=lambda _: None) as supervisor:
        local = LocalAws(free_port(0), free_port(0), Path(data))
        for program in local.programs():
            supervisor.start(program)
        supervisor.wait_until_ready()
        os.environ.update(local.environment)
        services = wiring.services()
        provisioning.provision(services=services)
        _fill(services, options.users)
        _report(services)


def _report(services: Services) -> None:
    today = TENANT.today(services.clock())
    period = {"from": str(today - dt.timedelta(days=30)), "to": str(today)}
    print("| page | p50 | p95 |\n|---|---|---|")
    for name, role, path, query in (
        ("users", "tenant_admin", "/v1/usage", {"group_by": "user"}),
        ("a member’s own row", "member", "/v1/usage", {"group_by": "user"}),
        ("totals by day", "tenant_admin", "/v1/usage", {"group_by": "day"}),
        ("documents", "tenant_admin", "/v1/documents", {}),
        ("open documents", "tenant_admin", "/v1/documents", {"status": "open"}),
        ("a member’s documents", "member", "/v1/documents", {}),
    ):
        with _client(services, role) as client:
            times = [*_pages(client, path, period | query)]
        print(f"| {name} | {_milliseconds(statistics.median(times))} | {_milliseconds(_p95(times))} |")
    times = [*_floor(services, today)]
    print(f"| floor | {_milliseconds(statistics.median(times))} | {_milliseconds(_p95(times))} |")


def _pages(client: TestClient, path: str, query: dict[str, str]) -> Iterator[float]:
    """Seconds a page, from the first one on again after the last."""
    cursor: dict[str, str] = {}
    for number in range(PAGES + 2):
        began = time.perf_counter()
        answer = client.get(path, params=query | cursor)
        took = time.perf_counter() - began
        answer.raise_for_status()
        following = answer.json()["next_cursor"]
        cursor = {"cursor": following} if following else {}
        if number > 1:  # the first two warm up
            yield took


def _floor(services: Services, today: dt.date) -> Iterator[float]:
    for _ in range(PAGES):
        began = time.perf_counter()
        services.usage_store.first_usage_day(TENANT.tenant_id)
        yield time.perf_counter() - began


@contextlib.contextmanager
def _client(services: Services, role: str) -> Iterator[TestClient]:
    ttl = dt.timedelta(hours=1)
    token = development_token(
        settings=services.settings, tenant_id=TENANT.tenant_id, user_id="u_000007", role=role, ttl=ttl
    )
    with TestClient(create_app(services, loopback_only=True), headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _fill(services: Services, users: int) -> None:
    services.stores.tenants.put(TENANT)
    now = services.clock()
    today = TENANT.today(now)
    rows = _usage(users, today)
    parts = [*rows.iter_slices(5_000)]
    events = [*_events(users, now)]
    batches = [events[index : index + 100] for index in range(0, len(events), 100)]
    with ThreadPoolExecutor(4) as writers:
        list(writers.map(lambda part: services.usage_store.put_daily_usage(part, version=1), parts))
        list(writers.map(services.usage_store.put_events, batches))


def _usage(users: int, today: dt.date) -> pl.DataFrame:
    """Rows of daily usage of everybody on ten of the thirty days before today."""
    ids = pl.DataFrame({"user_id": [f"u_{number:06}" for number in range(users)]})
    days = pl.DataFrame({"day": [today - dt.timedelta(days=3 * number + 1) for number in range(DAYS_ACTIVE)]})
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
        "/p", f"{name}-{action}", action, TENANT.tenant_id, f"u_{number:06}", name, at, user_name=f"Person {number}"
    )
    return ReceivedEvent(happened, at, f"{name}-{action}")


if __name__ == "__main__":
    main()
