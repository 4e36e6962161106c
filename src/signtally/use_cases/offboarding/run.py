"""Offboarding a tenant. First it is suspended, which every program respects; a suspended stub of its profile stays."""

import dataclasses
import datetime as dt
import time
from pathlib import Path

from signtally.domain.erasures import Person
from signtally.domain.tenants import TenantProfile
from signtally.domain.time_units import ONE_DAY
from signtally.errors import SigntallyError
from signtally.services import Services
from signtally.stores.erasures import Erasure
from signtally.stores.profile_catalogue import BrokenProfileError
from signtally.use_cases.erasing import BROKEN_OFF
from signtally.use_cases.erasing.steps import IN_THE_USAGE_STORE, take
from signtally.use_cases.offboarding.belongings import Belongings
from signtally.use_cases.offboarding.export import export_tenant, prepare


class UnknownTenantError(SigntallyError, LookupError):
    """There is no such tenant: neither a profile nor a figure nor a report."""


@dataclasses.dataclass(frozen=True, slots=True)
class OffboardingOutcome:
    """What this call *deleted* by kind of thing, or would have; *figures_until*: when the last of them expires.

    At *looks_again_at* it is taken up once more, for what programs were still writing.
    """

    tenant_id: str
    deleted: dict[str, int]
    figures_until: dt.date | None  # None: there are none
    export: Path | None
    dry_run: bool
    looks_again_at: dt.datetime | None = None

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def offboard(
    tenant_id: str,
    *,
    services: Services,
    export: Path | None = None,
    dry_run: bool = False,
) -> OffboardingOutcome:
    """Suspend a tenant, export its figures into the directory *export*, and delete what is stored of it.

    What cannot be deleted, its counts, stays without names. Idempotent; broken off anywhere, the same call goes on. It
    is on record as due again: in an hour if it is broken off, in a day for what programs wrote meanwhile. Raises
    UnknownTenantError, a ServiceError, and an OSError of the export: then nothing is deleted yet, and where
    the directory is of no use nobody is suspended.
    """
    belongings, everybody = Belongings(tenant_id, services=services), Person(tenant_id, None)
    until = _figures_until(tenant_id, services=services)
    if until is None and not belongings.exist():
        raise UnknownTenantError(f"there is no tenant {tenant_id}: neither a profile nor any figures; was it mistyped?")
    if dry_run:
        found = take(IN_THE_USAGE_STORE, everybody, services=services, dry_run=True)
        return OffboardingOutcome(tenant_id, belongings.count() | _nameless(found), until, None, dry_run=True)
    if export is not None:
        prepare(export)  # a mistyped directory suspends nobody
    _suspend(tenant_id, services=services)
    exported = None if export is None else export_tenant(tenant_id, directory=export, services=services)
    record = services.stores.erasures.record(tenant_id, None) or Erasure(tenant_id, None, services.clock())
    services.stores.erasures.plan(tenant_id, None, at=services.clock() + BROKEN_OFF)
    services.stores.erasures.put(dataclasses.replace(record, finished_at=None))
    services.stores.erasures.add(tenant_id, None)
    time.sleep(services.usage_store.names_hidden_after_seconds)
    deleted = belongings.delete()
    taken = take(IN_THE_USAGE_STORE, everybody, services=services)
    services.stores.tenants.put(TenantProfile(tenant_id=tenant_id, status="suspended"))
    services.stores.tenants.survey()  # the catalogue copies every profile
    changed = deleted | _nameless(taken)
    total = {name: record.changed.get(name, 0) + number for name, number in changed.items()}
    now = services.clock()
    done = dataclasses.replace(record, changed=total, finished_at=now, looks_again_at=record.next_look(now))
    services.stores.erasures.put(done)
    services.stores.erasures.plan(tenant_id, None, at=done.looks_again_at)
    return OffboardingOutcome(tenant_id, changed, until, exported, dry_run=False, looks_again_at=done.looks_again_at)


def _suspend(tenant_id: str, *, services: Services) -> None:
    """Nothing of it is due from then on, and the API answers 403 within 15 seconds."""
    tenants = services.stores.tenants
    try:
        tenants.edit(tenant_id, lambda profile: profile.model_copy(update={"status": "suspended"}), named=["status"])
    except BrokenProfileError:
        tenants.put(TenantProfile(tenant_id=tenant_id, status="suspended"))


def _figures_until(tenant_id: str, *, services: Services) -> dt.date | None:
    """The day on which the newest figure will have expired; None without any."""
    store, settings = services.usage_store, services.settings
    first = store.first_usage_day(tenant_id)
    if first is None:
        return None
    tomorrow = services.clock().date() + ONE_DAY
    days = store.day_totals(tenant_id, first=first, last=tomorrow, user_ids=None)["day"]
    newest = days.max()
    assert isinstance(newest, dt.date)  # noqa: S101 -- there is a first one
    return newest + dt.timedelta(hours=settings.memory_retention_hours, days=settings.magnetic_retention_days)


def _nameless(taken: dict[str, int]) -> dict[str, int]:
    return {f"names in {name}": number for name, number in taken.items()}
