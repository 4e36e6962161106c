"""A backup brings back what was lost: figures, files, ledgers; never the names of who was erased meanwhile."""

import datetime as dt
import fcntl
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from signtally.domain.actions import Action
from signtally.domain.deliveries import DeliveryKey, MailDelivery, MailState
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportRequest
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.tenants import TenantProfile
from signtally.erased_names import ErasedNames
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.usage_store import MemoryUsageStore
from signtally.services import Services
from signtally.stores.erasures import Erasures
from signtally.use_cases.aggregating import aggregate_days
from signtally.use_cases.backups import BackupOutcome, BackupUnderWayError, NoBackupError, back_up, restore
from signtally.use_cases.due_erasures import finish_erasures
from signtally.use_cases.erasing import erase
from signtally.use_cases.figures import read_usage
from signtally.use_cases.offboarding import offboard
from signtally.use_cases.rebuilding import rebuild
from signtally.use_cases.reporting import report_now
from tests.support.fakes import fake_services

if TYPE_CHECKING:
    from signtally.ports.usage_store import UsageStore

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
OCTOBER = parse_period("2026-10")
NEWER = b'{"format": 2, "made_at": "2026-11-03T09:00:00Z", "objects": 0, "events": 0}'
KEY = DeliveryKey("acme", "monthly", "2026-10")


def empty() -> Services:
    objects = MemoryObjectStore()
    store = cast("UsageStore", ErasedNames(MemoryUsageStore(), Erasures(objects), seconds=0))
    return fake_services(objects=objects, usage_store=store, clock=lambda: NOW)


@pytest.fixture
def services() -> Services:
    services = empty()
    for number, month in enumerate((8, 10, 10)):
        at = dt.datetime(2026, month, 5, 12, number, tzinfo=dt.UTC)
        event = UsageEvent("/portal", f"e{number}", Action.SENT, "acme", "u1", f"d{number}", at, user_name="Ann")
        services.usage_store.put_events([ReceivedEvent(event, at, f"m{number}")])
    services.stores.tenants.put(TenantProfile(tenant_id="acme", name="Acme Ltd", timezone="Asia/Kathmandu"))
    aggregate_days(services=services)
    report_now(ReportRequest("acme", OCTOBER, ("json",)), requested_by="u1", services=services)
    services.stores.mail_deliveries.record(KEY, MailDelivery("ann@acme.example", MailState.SENT, NOW))
    services.stores.link_key.get()
    return services


def test_what_was_lost_is_back(services: Services, tmp_path: Path) -> None:
    made = back_up(tmp_path, services=services)
    assert (made.events, made.read) == (3, made.objects)
    found = empty()
    put = restore(tmp_path, services=found)
    assert (put.events, put.events_kept, put.refused, put.objects_kept) == (3, 0, 0, 0)
    rebuild(services=found)
    tenant = found.stores.tenants.get("acme")
    then = read_usage(services.stores.tenants.get("acme"), OCTOBER, services=services)
    assert read_usage(tenant, OCTOBER, services=found).fingerprint == then.fingerprint
    assert found.stores.link_key.get() == services.stores.link_key.get()
    assert found.stores.mail_deliveries.get(KEY, "ann@acme.example") is not None
    request = ReportRequest("acme", OCTOBER, ("json",))
    assert found.stores.reports.latest("acme", request.report_id, now=NOW).is_whole
    assert found.stores.watermarks.data_through() is None  # whatever it was: nothing was counted here then
    again = restore(tmp_path, services=found)
    assert (again.objects, again.events, again.objects_kept, again.events_kept) == (0, 0, put.objects, 3)


def test_a_second_backup_into_the_same_directory_is_refused(services: Services, tmp_path: Path) -> None:
    place = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(place, fcntl.LOCK_EX)  # as another process holds it
    with pytest.raises(BackupUnderWayError, match="leave it to that one"):
        back_up(tmp_path, services=services)
    assert [*tmp_path.iterdir()] == []
    os.close(place)
    assert back_up(tmp_path, services=services).objects


def test_only_what_changed_is_read_again(services: Services, tmp_path: Path) -> None:
    first = back_up(tmp_path, services=services)
    services.stores.tenants.put(TenantProfile(tenant_id="bolt"))
    services.objects.delete(["state/link-key.json"])
    assert back_up(tmp_path, services=services) == BackupOutcome(tmp_path, first.objects, 1, 3)
    assert not (tmp_path / "objects/state/link-key.json").exists()
    assert json.loads((tmp_path / "backup.json").read_text())["format"] == 1


def test_who_is_erased_goes_from_the_next_backup_and_stays_away(services: Services, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for directory in (old, new):
        back_up(directory, services=services)
    erase("acme", "u1", services=services)
    back_up(new, services=services)
    found = empty()
    found.stores.erasures.add("acme", "u1")  # as from a newer copy of `erasures/`
    restore(old, services=found)
    assert found.usage_store.events_with_names("acme", None).is_empty()
    found = empty()
    restore(new, services=found)
    assert found.usage_store.events_with_names("acme", None).is_empty()


def test_an_older_backup_beside_what_is_left_brings_nobody_back_for_good(services: Services, tmp_path: Path) -> None:
    """The bucket was never lost: only what the erasure had deleted is absent from it, and is put back."""
    ann = Recipient(email="ann@acme.example", user_id="u1")
    schedule = Schedule(name="monthly", every="month", recipients=(ann,))
    for tenant_id in ("acme", "bolt"):
        services.stores.tenants.put(TenantProfile(tenant_id=tenant_id, schedules=(schedule,)))
    report_now(ReportRequest("bolt", OCTOBER, ("json",)), requested_by="u9", services=services)
    back_up(tmp_path, services=services)
    erase("acme", "u1", services=services)
    offboard("bolt", services=services)
    kept = _everything(services)
    restored = restore(tmp_path, services=services)
    assert restored.erasures_due == 2
    assert any("ann%40" in key for key in _everything(services))
    finish_erasures(services=services)
    assert not [key for key, body in _everything(services).items() if b"ann@acme" in body or "ann%40" in key]
    assert not [key for key in _everything(services).keys() - kept.keys() if "bolt" in key]


def _everything(services: Services) -> dict[str, bytes]:
    return {each.key: services.objects.get(each.key).body for each in services.objects.list_objects("")}


@pytest.mark.parametrize(
    "name", ["objects.json", "events/2026-10.parquet", "superseded.parquet", "objects/tenants/acme.json"]
)
def test_a_damaged_file_of_a_backup_is_named(services: Services, tmp_path: Path, name: str) -> None:
    back_up(tmp_path, services=services)
    if name.endswith("acme.json"):
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(b"PAR1 cut off")
    with pytest.raises(NoBackupError, match=rf"{name} is missing or damaged"):
        restore(tmp_path, services=empty())
    back_up(tmp_path, services=services)
    assert restore(tmp_path, services=empty()).events == 3


@pytest.mark.parametrize("about", [None, b"{", NEWER])
def test_what_is_no_whole_backup_is_refused(services: Services, tmp_path: Path, about: bytes | None) -> None:
    back_up(tmp_path, services=services)
    if about is None:
        (tmp_path / "backup.json").unlink()
    else:
        (tmp_path / "backup.json").write_bytes(about)
    with pytest.raises(NoBackupError, match="newer" if about and b"format" in about else "damaged"):
        restore(tmp_path, services=empty())
