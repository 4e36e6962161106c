"""Erasing a person: no byte that is stored names them any more, and no figure is another one."""

import dataclasses
import datetime as dt
import io
import itertools
import json
from collections.abc import Iterable
from typing import cast

import polars as pl
import pytest

from signtally.domain.actions import Action
from signtally.domain.audit import AuditAction, AuditEntry
from signtally.domain.deliveries import DeliveryKey, MailDelivery, MailState
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportRequest
from signtally.domain.tenants import Member, Recipient, Schedule, TenantProfile
from signtally.domain.time_units import ONE_DAY
from signtally.erased_names import ErasedNames
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.objects import ObjectMissingError
from signtally.ports.usage_store import UsageStore
from signtally.services import Services
from signtally.stores.erasures import Erasures
from signtally.stores.imports import ImportState
from signtally.stores.sent_mails import SentMail
from signtally.stores.suppressions import Suppression, SuppressionReason
from signtally.use_cases.aggregating import aggregate_days
from signtally.use_cases.due_erasures import DueErasuresOutcome, ErasuresPendingError, finish_erasures
from signtally.use_cases.erasing import UnfinishedErasureError, UnknownUserError, erase
from signtally.use_cases.reading import read_usage
from signtally.use_cases.reporting import file_link, report_now
from tests.support.fakes import fake_services

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
OCTOBER = parse_period("2026-10")
KEY = DeliveryKey("acme", "monthly", "2026-09")
ANN = ("Ann Ash", "ann@acme.example")
BOB = ("Bob Birch", "bob@acme.example")
RAW: dict[int, MemoryUsageStore] = {}  # the store without the mask, by its bucket
# What of a usage store gives no names to readers: counts, days, ids, what is written, and what erasing itself reads.
NAMELESS = {
    "activity",
    "activity_by_tenant",
    "check",
    "cohorts",
    "cohorts_by_tenant",
    "day_totals",
    "day_totals_by_tenant",
    "days_with_events",
    "document_count",
    "drop_expired",
    "event_counts",
    "events_with_names",
    "first_usage_day",
    "first_usage_days",
    "has_daily_usage",
    "has_events",
    "names_settle_seconds",
    "provision",
    "put_daily_usage",
    "put_nameless",
    "put_restatements",
    "put_superseded",
    "repeated_events",
    "restatements",
    "revision",
    "sender_cohorts",
    "sender_cohorts_by_tenant",
    "superseded",
    "text_limit_bytes",
    "refuses_repeated_ids",
    "usage_generation",
    "usage_with_names",
}
MARKS = [b"Ann Ash", b"ann@acme.example", b"ann%40acme", b"203.0.113.9"]


def event(number: int, user_id: str, names: tuple[str, str], *, day: int = 5) -> ReceivedEvent:
    at = dt.datetime(2026, 10, day, 12, number, tzinfo=dt.UTC)
    name, email = names
    event = UsageEvent("/portal", f"e{number}", Action.SENT, "acme", user_id, f"d{number}", at, email, name)
    return ReceivedEvent(event, at, f"m{number}")


@pytest.fixture
def services() -> Services:
    return lived_in()


def lived_in() -> Services:
    """Two users, their figures counted, and the first of them in every store that may name anybody."""
    objects, raw = MemoryObjectStore(), MemoryUsageStore()
    store = cast("UsageStore", ErasedNames(raw, Erasures(objects), seconds=0))
    services = fake_services(objects=objects, usage_store=store, clock=lambda: NOW)
    store.put_events([event(1, "u1", ANN), event(2, "u2", BOB), event(3, "u1", ANN, day=6)])
    schedule = Schedule(
        name="monthly",
        every="month",
        recipients=(Recipient(email="Ann@acme.example"), Recipient(email=BOB[1], user_id="u2")),
    )
    members = (Member(user_id="u1", role="tenant_admin"), Member(user_id="u2"))
    services.stores.tenants.put(TenantProfile(tenant_id="acme", members=members, schedules=(schedule,)))
    aggregate_days(services=services, tenant_id="acme", first=OCTOBER.first, last=OCTOBER.last)
    _leave_traces(services)
    RAW[id(objects)] = raw
    return services


def _leave_traces(services: Services) -> None:
    stores, email = services.stores, ANN[1]
    stores.tenants.all()  # makes the catalogue
    report_now(ReportRequest("acme", OCTOBER, ("csv", "json")), requested_by="u2", services=services)
    sent = MailDelivery(email, MailState.SENT, NOW, detail=f"250 {email} ok", message_id="m-1")
    stores.mail_deliveries.record(KEY, sent)
    later = MailDelivery(email, MailState.DEFERRED, NOW, next_try_at=NOW)
    stores.mail_deliveries.record(DeliveryKey("acme", "monthly", "2026-10"), later)
    stores.sent_mails.remember("m-1", SentMail(KEY, email))
    stores.suppressions.add("acme", Suppression(email, SuppressionReason.UNSUBSCRIBED, NOW))
    own = AuditEntry(NOW, "u1", "tenant_admin", AuditAction.SUPPRESSION_LIFTED, email, {"to": email}, "203.0.113.9")
    stores.audit.add("acme", own)
    stores.audit.add("acme", AuditEntry(NOW, "u2", "tenant_admin", AuditAction.DIGEST_SENT, "monthly", {"to": email}))
    ledger = stores.import_ledger(identity="old.csv")
    row = {"tenant": "acme", "who": "u1", "name": ANN[0]}
    ledger.put_rejects(ImportState("old.csv", NOW), [{"line": 2, "reason": "bad-time", "detail": "x", "row": row}])


def erased(services: Services, *, dry_run: bool = False) -> dict[str, int]:
    return erase("acme", "u1", services=services, dry_run=dry_run).changed


def stored(services: Services) -> dict[str, bytes]:
    return {each.key: services.objects.get(each.key).body for each in services.objects.list_objects("")}


def named_in(services: Services) -> set[str]:
    """The objects that name the person, by their keys or what is in them."""
    found = {key: _text(body) if key.endswith(".parquet") else body for key, body in stored(services).items()}
    return {key for key, body in found.items() if any(mark in key.encode() + body for mark in MARKS)}


def _text(parquet: bytes) -> bytes:
    return str(pl.read_parquet(io.BytesIO(parquet)).rows()).encode()


def test_nothing_names_the_person_any_more_and_every_figure_stands(services: Services) -> None:
    before = read_usage(services.stores.tenants.get("acme"), OCTOBER, services=services)
    assert named_in(services)
    changed = erased(services)
    assert changed == {
        "recipients and members": 2,
        "deliveries": 2,
        "suppressions": 1,
        "audit entries": 2,
        "rejected rows of imports": 1,
        "report versions": 1,
        "events": 2,
        "rows of daily usage": 2,
        "rows that cannot be read yet": 0,
    }
    assert named_in(services) == set()
    after = read_usage(services.stores.tenants.get("acme"), OCTOBER, services=services)
    assert (after.totals, after.days) == (before.totals, before.days)
    assert [(each.user_id, each.user_name, each.user_email, each.counts) for each in after.users] == [
        (each.user_id, *((None, None) if each.user_id == "u1" else BOB), each.counts) for each in before.users
    ]
    assert services.usage_store.events_with_names("acme", None)["user_id"].to_list() == ["u2"]
    assert services.usage_store.usage_with_names("acme", None)["user_id"].to_list() == ["u2"]
    assert erased(services) == dict.fromkeys(changed, 0)
    record = services.stores.erasures.record("acme", "u1")
    assert record is not None
    assert (record.finished_at, record.addresses, record.changed["events"]) == (NOW, (), 2)


def test_an_address_is_found_in_either_spelling_of_its_domain(services: Services) -> None:
    """Events have it as the DNS does, the schedule as its author wrote it."""
    services.usage_store.put_events([event(4, "u3", ("Jo", "Jo@xn--mnchen-3ya.example"))])
    schedule = Schedule(name="weekly", every="week", recipients=(Recipient(email="jo@münchen.example"),))
    services.stores.tenants.put(TenantProfile(tenant_id="acme", schedules=(schedule,)))
    services.stores.mail_deliveries.record(KEY, MailDelivery("jo@münchen.example", MailState.SENT, NOW))
    changed = erase("acme", "u3", services=services).changed
    assert (changed["recipients and members"], changed["deliveries"]) == (1, 1)
    assert not any("münchen".encode() in body or "nchen.example" in key for key, body in stored(services).items())


def test_a_dry_run_says_the_same_and_changes_nothing(services: Services) -> None:
    before = stored(services)
    told = erased(services, dry_run=True)
    assert stored(services) == before
    assert told == erased(services)


def test_deliveries_stay_without_the_address(services: Services) -> None:
    erased(services)
    (label, kept), *others = services.stores.mail_deliveries.of(KEY)
    assert (others, kept.state, kept.at, kept.detail) == ([], MailState.SENT, NOW, "")
    assert kept.email.startswith("erased:")
    assert "erased" in label
    assert [*services.stores.mail_deliveries.deferred_until(NOW)] == []


def test_a_report_is_made_again_without_the_name(services: Services) -> None:
    request = ReportRequest("acme", OCTOBER, ("csv", "json"))
    erased(services)
    (old,) = services.stores.reports.states("acme", request.report_id, [1], now=NOW)
    assert old.manifest is not None
    with pytest.raises(ObjectMissingError):
        file_link(old.manifest, "json", services=services)
    new = report_now(request, requested_by="u2", services=services)
    assert (new.key.version, new.totals) == (2, old.manifest.totals)
    document = json.loads(services.objects.get(new.files[1].key).body)
    assert "Ann" not in json.dumps(document)
    assert named_in(services) == set()


def test_what_arrives_later_does_not_bring_the_name_back(services: Services) -> None:
    erased(services)
    services.usage_store.put_events([event(1, "u1", ANN), event(4, "u1", ANN, day=7)])
    aggregate_days(services=services, tenant_id="acme", first=OCTOBER.first, last=OCTOBER.last)
    usage = read_usage(services.stores.tenants.get("acme"), OCTOBER, services=services)
    assert [(each.user_id, each.user_name, each.counts.sent) for each in usage.users] == [
        ("u1", None, 3),
        ("u2", "Bob Birch", 1),
    ]
    assert named_in(services) == set()
    assert services.usage_store.events_with_names("acme", "u1").is_empty()


def test_whatever_a_usage_store_learns_to_give_is_without_names_or_said_to_have_none() -> None:
    """ErasedNames passes on what it does not know: a new method has to be named here, or written out there."""
    given = {name for name in dir(UsageStore) if not name.startswith("_")}
    assert given - set(vars(ErasedNames)) == NAMELESS


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


@pytest.mark.parametrize(("tenant_id", "user_id"), [("acme", "u17"), ("acmee", "u1")])
def test_who_is_not_known_is_named(services: Services, tenant_id: str, user_id: str) -> None:
    with pytest.raises(UnknownUserError, match="mistyped"):
        erase(tenant_id, user_id, services=services)
    assert services.stores.erasures.record(tenant_id, user_id) is None
