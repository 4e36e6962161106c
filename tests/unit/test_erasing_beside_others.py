"""Erasing a person while others read, send and count, in a run that breaks off, and again by itself."""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable

import polars as pl
import pytest

from signtally.domain.deliveries import MailDelivery, MailState
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportRequest
from signtally.domain.time_units import ONE_DAY
from signtally.ports.errors import ServiceUnavailableError
from signtally.services import Services
from signtally.use_cases.aggregating import aggregate_days
from signtally.use_cases.due_erasures import DueErasuresOutcome, ErasuresPendingError, finish_erasures
from signtally.use_cases.erasing import UnfinishedErasureError, erase
from signtally.use_cases.figures import read_usage
from signtally.use_cases.reporting import report_now
from tests.support.erased_people import ANN, KEY, NOW, OCTOBER, RAW, erased, event, lived_in, named_in


@pytest.fixture
def services() -> Services:
    return lived_in()


def test_a_run_that_was_broken_off_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """At each of its deletions: what found the addresses may be gone by then."""
    for crash in itertools.count():
        services, calls = lived_in(), itertools.count()
        real = services.objects.delete

        def delete(keys: Iterable[str]) -> None:
            if next(calls) == crash:  # noqa: B023 -- of this round
                raise ServiceUnavailableError("the bucket is away")
            real(keys)  # noqa: B023 -- as above

        monkeypatch.setattr(services.objects, "delete", delete)
        try:
            erased(services)
        except ServiceUnavailableError:
            erased(services)
            assert named_in(services) == set()
        else:
            break
    assert crash > 5


def test_a_report_under_way_is_published_without_files_that_name(services: Services) -> None:
    """The erasure comes between the read of the figures and the publication."""
    request = ReportRequest("acme", parse_period("2026-10-05"), ("json",))
    render = services.renderer

    def slow(*arguments: object) -> object:
        erased(services)
        return render(*arguments)  # type: ignore[arg-type]

    object.__setattr__(services, "renderer", slow)
    with pytest.raises(ServiceUnavailableError, match="erased while"):
        report_now(request, requested_by="u2", services=services)
    object.__setattr__(services, "renderer", render)
    assert named_in(services) == set()
    assert report_now(request, requested_by="u2", services=services).key.version == 2


def test_an_email_under_way_is_left_for_a_later_run(services: Services) -> None:
    services.stores.mail_deliveries.record(KEY, MailDelivery(ANN[1], MailState.CLAIMED, NOW, message_id="m-1"))
    with pytest.raises(UnfinishedErasureError, match="15 minutes"):
        erased(services)
    left = {each.partition("/")[0] for each in named_in(services)}
    assert left == {"deliveries", "sent-mails", "erasures"}  # and the record knows what to look for
    later = services.at(NOW + dt.timedelta(minutes=16))
    assert erased(later)["deliveries"] == 1
    assert named_in(services) == set()


def test_a_day_later_it_is_looked_again_by_itself_and_once(services: Services) -> None:
    erased(services)
    assert finish_erasures(services=services) == DueErasuresOutcome()
    RAW[id(services.objects)].put_events([event(9, "u1", ANN)])  # what the store had taken and did not show
    next_day = services.at(NOW + ONE_DAY)
    assert finish_erasures(services=next_day).changed == {"acme / u1": 1}
    assert named_in(services) == set()
    assert services.usage_store.events_with_names("acme", "u1").is_empty()
    record = services.stores.erasures.record("acme", "u1")
    assert record is not None
    assert (record.finished_at, record.looks_again_at, record.changed["events"]) == (NOW + ONE_DAY, None, 3)
    assert not any(erased(next_day).values())
    assert not services.stores.erasures.due(NOW + 99 * ONE_DAY)


def test_what_was_left_over_or_broken_off_is_finished_by_itself(services: Services) -> None:
    services.stores.mail_deliveries.record(KEY, MailDelivery(ANN[1], MailState.CLAIMED, NOW, message_id="m-1"))
    with pytest.raises(UnfinishedErasureError):
        erased(services)
    assert finish_erasures(services=services.at(NOW + dt.timedelta(minutes=10))) == DueErasuresOutcome()
    assert finish_erasures(services=services.at(NOW + dt.timedelta(hours=1))).changed == {"acme / u1": 1}
    assert named_in(services) == set()


def test_one_that_fails_stays_due_and_stops_no_other(services: Services) -> None:
    for user_id in ("u1", "u2"):
        erase("acme", user_id, services=services)
    read = services.usage_store.events_with_names

    def broken(tenant_id: str, user_id: str | None) -> pl.DataFrame:
        if user_id == "u1":
            raise ServiceUnavailableError("Timestream is down")
        return read(tenant_id, user_id)

    services.usage_store.events_with_names = broken  # type: ignore[method-assign]
    outcome = finish_erasures(services=services.at(NOW + ONE_DAY))
    assert (outcome.changed, outcome.pending) == ({"acme / u2": 0}, {"acme / u1": "Timestream is down"})
    with pytest.raises(ErasuresPendingError, match="acme / u1"):
        outcome.require_all_done()
    services.usage_store.events_with_names = read  # type: ignore[method-assign]
    assert finish_erasures(services=services.at(NOW + ONE_DAY)).changed == {"acme / u1": 0}


def test_a_row_that_is_counted_meanwhile_keeps_its_figures(services: Services) -> None:
    """By a program that knows of no erasure yet, between the read of the row and the write of it without names."""
    store, unaware = services.usage_store, dataclasses.replace(services, usage_store=RAW[id(services.objects)])
    read, counted = store.usage_with_names, 0

    def counted_meanwhile(tenant_id: str, user_id: str | None) -> pl.DataFrame:
        nonlocal counted
        rows = read(tenant_id, user_id)
        counted += 1
        if counted == 2:  # the first time, addresses are looked for
            unaware.usage_store.put_events([event(9, "u1", ANN)])
            aggregate_days(services=unaware, tenant_id="acme", first=OCTOBER.first, last=OCTOBER.last)
        return rows

    store.usage_with_names = counted_meanwhile  # type: ignore[method-assign]
    erased(services)
    assert counted > 2
    assert store.usage_with_names("acme", "u1").is_empty()
    usage = read_usage(services.stores.tenants.get("acme"), OCTOBER, services=services)
    assert [(each.user_id, each.user_name, each.counts.sent) for each in usage.users] == [
        ("u1", None, 3),
        ("u2", "Bob Birch", 1),
    ]
    assert erased(services)["events"] == 1
