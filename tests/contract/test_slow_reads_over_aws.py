"""Slow reads: a Timestream that shows what it took only later, as its magnetic store does."""

import datetime as dt
import json
import urllib.request
from collections.abc import Iterator

import pytest

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import Period, PeriodKind
from signtally.local.local_aws import LocalAws
from signtally.services import Services
from signtally.use_cases.aggregating import aggregate_touched
from signtally.use_cases.figures import read_report

_TRIES = 2_000


@pytest.fixture(params=["magnetic_lag_seconds", "read_lag_seconds"])
def lagging(request: pytest.FixtureRequest, local_aws: LocalAws) -> Iterator[str]:
    """Every record becomes readable two seconds after it was accepted."""
    _set_mode(local_aws, request.param, 2)
    yield request.param
    _set_mode(local_aws, request.param, 0)


def _set_mode(local_aws: LocalAws, name: str, value: float) -> None:
    url = f"http://127.0.0.1:{local_aws.timestream_port}/_timestream_local/modes"
    request = urllib.request.Request(url, json.dumps({name: value}).encode(), method="POST")
    with urllib.request.urlopen(request) as answer:  # noqa: S310 -- as above
        assert json.load(answer)[name] == value


def test_figures_are_provisional_until_what_was_written_is_read(real_services: Services, lagging: str) -> None:
    del lagging  # it only has to be on
    services = real_services
    aggregate_touched(services=services)  # the first run looks for what was there before it
    happened = services.clock() - dt.timedelta(days=40)  # older than the memory store keeps
    events = [UsageEvent("/p", str(number), Action.SENT, "acme", "ann", "d", happened) for number in range(3)]
    services.usage_store.put_events([ReceivedEvent(each, services.clock(), each.id) for each in events])
    services.stores.touched_hours.append(events)
    outcome = aggregate_touched(services=services)
    assert (outcome.unreadable, outcome.rows) == (3, 0)
    assert services.stores.provisional.spans("acme")
    day = Period(PeriodKind.DAY, happened.date(), happened.date())
    tenant = services.stores.tenants.get("acme")
    assert read_report(tenant, day, services=services).provisional_days == (happened.date(),)
    _count_until_final(services)
    report = read_report(tenant, day, services=services)
    assert (report.totals.sent, report.provisional_days) == (3, ())


def _count_until_final(services: Services) -> None:
    """By hand: first until the events can be read, then until the rows that were counted from them can."""
    for _ in range(_TRIES):
        aggregate_touched(services=services)
        if not services.stores.provisional.spans("acme"):
            return
    raise AssertionError("it never became readable")
