"""Erasing a person: no byte that is stored names them any more, and no figure is another one."""

import datetime as dt
import hashlib
import json

import pytest

from signtally.domain.audit import AuditAction, AuditEntry
from signtally.domain.deliveries import MailDelivery, MailState
from signtally.domain.erasures import Person, without_person
from signtally.domain.mail_addresses import spellings
from signtally.domain.periods import period_between
from signtally.domain.reports import ReportRequest
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.tenants import TenantProfile
from signtally.erased_names import ErasedNames
from signtally.ports.objects import ObjectMissingError
from signtally.ports.usage_store import UsageStore
from signtally.services import Services
from signtally.stores.imports import ImportState
from signtally.use_cases.aggregating import aggregate_days
from signtally.use_cases.erasing import UnknownUserError, erase
from signtally.use_cases.figures import read_usage
from signtally.use_cases.reporting import file_link, report_now
from tests.support.erased_people import ANN, BOB, KEY, NOW, OCTOBER, erased, event, lived_in, named_in, stored

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
    "names_hidden_after_seconds",
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


@pytest.fixture
def services() -> Services:
    return lived_in()


def test_nothing_names_the_person_any_more_and_every_figure_stands(services: Services) -> None:
    before = read_usage(services.stores.tenants.get("acme"), OCTOBER, services=services)
    assert named_in(services)
    changed = erased(services)
    assert changed == {
        "recipients and members": 2,
        "deliveries": 2,
        "suppressions": 1,
        "audit entries": 2,
        "idempotency keys": 1,
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


def test_whoever_is_called_alike_keeps_what_is_theirs(services: Services) -> None:
    """An address may end with another one; a text may name several people."""
    told = {"recipients": "Joann@acme.example, ann@acme.example, ann@acme.example.org", "x": "jo-ann@acme.example"}
    services.stores.audit.add("acme", AuditEntry(NOW, "u2", "tenant_admin", AuditAction.DIGEST_SENT, "monthly", told))
    ledger = services.stores.import_ledger(identity="new.csv")
    row = {"tenant": "acme", "who": "u9", "email": "joann@acme.example"}
    ledger.put_rejects(ImportState("new.csv", NOW), [{"line": 3, "reason": "bad-time", "detail": "x", "row": row}])
    assert erased(services)["rejected rows of imports"] == 1
    details = [each.detail for each in services.stores.audit.page("acme", after=None, limit=10).entries]
    kept = {"recipients": "Joann@acme.example, erased, ann@acme.example.org", "x": "jo-ann@acme.example"}
    assert kept in details
    assert any(b"joann@acme.example" in body for key, body in stored(services).items() if "imports/" in key)


@pytest.mark.parametrize("email", ["a", "-", "@", ""])
def test_what_is_no_address_is_looked_for_in_no_text(services: Services, email: str) -> None:
    services.usage_store.put_events([event(5, "u3", ("Jo", email))])
    told = AuditEntry(NOW, "u2", "tenant_admin", AuditAction.DIGEST_SENT, "monthly - a", {"to": "a@b.example, -, @"})
    services.stores.audit.add("acme", told)
    before = services.stores.audit.page("acme", after=None, limit=10).entries
    erase("acme", "u3", emails=[email], services=services)
    assert services.stores.audit.page("acme", after=None, limit=10).entries == before
    assert stored(services)["idempotency/acme/" + hashlib.sha256(b"u2 k-2").hexdigest() + ".json"].count(b"erased") == 0


def test_what_a_key_led_to_is_known_without_the_address(services: Services) -> None:
    erased(services)
    kept = services.stores.idempotency.find("acme", "u2 k-1")
    assert kept is not None
    (delivery,) = json.loads(kept.outcome or "")["deliveries"]
    assert delivery["recipient"].startswith("erased:")
    assert delivery["detail"] == f"250 <{delivery['recipient']}> ok"
    other = services.stores.idempotency.find("acme", "u2 k-2")
    assert other is not None
    assert other.outcome == "2026-10-abc/1"


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


def test_a_report_without_an_end_in_sight_stands_in_nobodys_way(services: Services) -> None:
    """As many days before it would begin before the calendar does."""
    open_ended = ReportRequest("acme", period_between(OCTOBER.first, dt.date.max), ("json",))
    report_now(open_ended, requested_by="u2", services=services)
    assert erased(services)["report versions"] == 2


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


@pytest.mark.parametrize(("tenant_id", "user_id"), [("acme", "u17"), ("acmee", "u1")])
def test_who_is_not_known_is_named(services: Services, tenant_id: str, user_id: str) -> None:
    with pytest.raises(UnknownUserError, match="mistyped"):
        erase(tenant_id, user_id, services=services)
    assert services.stores.erasures.record(tenant_id, user_id) is None


def test_an_address_that_only_looks_like_theirs_is_somebody_elses() -> None:
    person = Person("acme", "u_9", spellings("ann@straße.example"))
    recipients = [{"email": email} for email in ("Ann@straße.example", "ann@strasse.example")]
    left, gone = without_person({"schedules": [{"name": "Usage", "recipients": recipients}]}, person)
    assert (left, gone) == ({"schedules": [{"name": "Usage", "recipients": recipients[1:]}]}, 1)
    assert person.is_addressed("sent to ANN@straße.example")
    assert not person.is_addressed("sent to ann@strasse.example")
