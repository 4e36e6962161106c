"""Offboarding a tenant: nothing of it is left but counts without names, and its neighbours are untouched."""

import dataclasses
import datetime as dt
import errno
import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from signtally.domain.actions import Action
from signtally.domain.audit import AuditAction, AuditEntry
from signtally.domain.deliveries import DeliveryKey, MailDelivery, MailState
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportRequest
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.tenants import TenantProfile
from signtally.domain.time_units import ONE_DAY
from signtally.erased_names import ErasedNames
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.usage_store import MemoryUsageStore
from signtally.services import Services
from signtally.stores.erasures import Erasures
from signtally.stores.sent_mails import SentMail
from signtally.use_cases.aggregating import aggregate_days
from signtally.use_cases.due_erasures import DueErasuresOutcome, finish_erasures
from signtally.use_cases.figures import read_usage
from signtally.use_cases.offboarding import UnknownTenantError, offboard
from signtally.use_cases.reporting import report_now
from tests.support.fakes import fake_services

if TYPE_CHECKING:
    from signtally.ports.usage_store import UsageStore

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
OCTOBER = parse_period("2026-10")


class FullDisk:
    """A usage store before a disk that has no room for a bulk read."""

    def __init__(self, store: "UsageStore") -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def scan_events(self, **_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def services() -> Services:
    """Two tenants with the same names, reports and deliveries."""
    objects = MemoryObjectStore()
    store = cast("UsageStore", ErasedNames(MemoryUsageStore(), Erasures(objects), seconds=0))
    services = fake_services(objects=objects, usage_store=store, clock=lambda: NOW)
    for tenant_id in ("acme", "bolt"):
        _live(tenant_id, services)
    services.stores.tenants.all()
    return services


def _live(tenant_id: str, services: Services) -> None:
    at = dt.datetime(2026, 10, 5, 12, tzinfo=dt.UTC)
    sent = [
        UsageEvent("/portal", f"{tenant_id}{number}", Action.SENT, tenant_id, "u1", f"d{number}", at, user_name="Ann")
        for number in range(3)
    ]
    services.usage_store.put_events([ReceivedEvent(each, at, each.id) for each in sent])
    stores, email = services.stores, f"ann@{tenant_id}.example"
    schedule = Schedule(name="monthly", every="month", recipients=(Recipient(email=email),))
    stores.tenants.put(TenantProfile(tenant_id=tenant_id, name=f"{tenant_id} Ltd", schedules=(schedule,)))
    aggregate_days(services=services, tenant_id=tenant_id, first=OCTOBER.first, last=OCTOBER.last)
    report_now(ReportRequest(tenant_id, OCTOBER, ("json",)), requested_by="u1", services=services)
    key = DeliveryKey(tenant_id, "monthly", "2026-10")
    stores.mail_deliveries.record(key, MailDelivery(email, MailState.SENT, NOW, message_id=f"m-{tenant_id}"))
    stores.sent_mails.remember(f"m-{tenant_id}", SentMail(key, email))
    stores.corrections.remind(key)
    stores.audit.add(tenant_id, AuditEntry(NOW, "u1", "tenant_admin", AuditAction.REPORT_ORDERED, "r1"))


def objects_about(tenant_id: str, services: Services) -> set[str]:
    found = services.objects.list_objects("")
    return {
        each.key
        for each in found
        if not each.key.endswith(".parquet") and tenant_id.encode() in each.key.encode() + _body(each.key, services)
    }


def _body(key: str, services: Services) -> bytes:
    return services.objects.get(key).body


def test_nothing_is_left_but_counts_and_a_stub(services: Services, tmp_path: Path) -> None:
    of_bolt = {key: _body(key, services) for key in objects_about("bolt", services)}
    told = offboard("acme", services=services, dry_run=True)
    assert told.deleted["names in events"] == 3
    done = offboard("acme", services=services, export=tmp_path)
    assert done.deleted == told.deleted
    assert done.figures_until is not None
    assert done.figures_until > NOW.date()
    assert objects_about("acme", services) == {
        "tenants/acme.json",
        "state/tenants.json",
        "erasures/erased-users.json",
        "erasures/due.json",
        "erasures/acme/everybody.json",
    }
    assert services.stores.tenants.get("acme") == TenantProfile(tenant_id="acme", status="suspended")
    assert services.usage_store.events_with_names("acme", None).is_empty()
    assert services.usage_store.usage_with_names("acme", None).is_empty()
    usage = read_usage(services.stores.tenants.get("acme"), OCTOBER, services=services)
    assert (usage.totals.sent, usage.users[0].user_name) == (3, None)
    left = {key: _body(key, services) for key in of_bolt if key != "state/tenants.json"}
    assert left == {key: body for key, body in of_bolt.items() if key != "state/tenants.json"}
    again = offboard("acme", services=services)
    assert set(again.deleted.values()) == {0}


def test_the_export_has_every_figure(services: Services, tmp_path: Path) -> None:
    path = offboard("acme", services=services, export=tmp_path / "left").export
    assert path == tmp_path / "left/acme-export.zip"
    with zipfile.ZipFile(path) as archive:
        about = json.loads(archive.read("about.json"))
        usage = [json.loads(line) for line in archive.read("daily_usage.jsonl").splitlines()]
        events = [json.loads(line) for line in archive.read("events.jsonl").splitlines()]
        profile = json.loads(archive.read("profile.json"))
    assert about["rows"] == {"daily_usage.jsonl": 1, "events.jsonl": 3}
    assert (about["totals"]["sent"], about["tenant_id"]) == (3, "acme")
    assert [(each["user_name"], each["day"], each["sent"]) for each in usage] == [("Ann", "2026-10-05", 3)]
    assert {each["document_id"] for each in events} == {"d0", "d1", "d2"}
    assert profile["name"] == "acme Ltd"
    assert [each.name for each in (tmp_path / "left").iterdir()] == [path.name]
    before = path.read_bytes()
    offboard("acme", services=services, export=tmp_path / "left")
    assert path.read_bytes() == before  # what is known by now has no names


def test_an_export_that_fails_deletes_nothing(services: Services, tmp_path: Path) -> None:
    before = objects_about("acme", services)
    full = dataclasses.replace(services, usage_store=cast("UsageStore", FullDisk(services.usage_store)))
    with pytest.raises(OSError, match="No space left"):
        offboard("acme", services=full, export=tmp_path)
    assert [*tmp_path.iterdir()] == []
    assert objects_about("acme", services) == before
    assert services.stores.tenants.get("acme").is_suspended


def test_a_directory_that_cannot_take_the_export_suspends_nobody(services: Services, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(FileExistsError):
        offboard("acme", services=services, export=tmp_path / "taken")
    assert not services.stores.tenants.get("acme").is_suspended


def test_what_arrives_later_is_stored_without_names(services: Services) -> None:
    offboard("acme", services=services)
    at = NOW - dt.timedelta(hours=1)
    late = UsageEvent("/portal", "late", Action.SENT, "acme", "u9", "d9", at, user_name="Zoe")
    services.usage_store.put_events([ReceivedEvent(late, at, "m9")])
    assert services.usage_store.events_with_names("acme", None).is_empty()
    assert len(services.usage_store.events(since=at, until=NOW, tenant_ids=["acme"])) == 1


def test_an_unknown_tenant_is_named(services: Services) -> None:
    with pytest.raises(UnknownTenantError, match="mistyped"):
        offboard("acmee", services=services)


def test_a_day_later_what_was_written_meanwhile_goes_unless_the_tenant_is_in_use_again(services: Services) -> None:
    next_day = services.at(NOW + ONE_DAY)
    for tenant_id in ("acme", "bolt"):
        offboard(tenant_id, services=services)
        audit = AuditEntry(NOW, "u1", "tenant_admin", AuditAction.REPORT_ORDERED, "r")
        services.stores.audit.add(tenant_id, audit)
    services.stores.tenants.put(TenantProfile(tenant_id="bolt"))
    outcome = finish_erasures(services=next_day)
    assert (outcome.changed, outcome.dropped) == ({"acme": 1}, ["bolt"])
    assert len(objects_about("bolt", services) - objects_about("acme", services)) > 0
    assert finish_erasures(services=next_day) == DueErasuresOutcome()
