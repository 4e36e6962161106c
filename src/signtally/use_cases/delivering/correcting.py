"""Corrected digests: once for each change, to whoever got the digest that it replaces, through the same ledger."""

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, MutableMapping

from signtally.domain.batches import batched
from signtally.domain.corrections import Told, correction_number, is_changed_by
from signtally.domain.deliveries import DeliveryKey
from signtally.domain.schedule_terms import Schedule, schedule_named
from signtally.domain.schedules import Occurrence, delivered_period, occurrence_of, shown_name
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.use_cases.delivering.digest_messages import made_digest
from signtally.use_cases.delivering.due import rotated
from signtally.use_cases.delivering.mail_sending import MailSending
from signtally.use_cases.delivering.readiness import Readiness
from signtally.use_cases.delivering.recipients import send_to_each
from signtally.use_cases.delivering.told_figures import last_told, told_to_each
from signtally.use_cases.delivering.withholding import sends_wait
from signtally.use_cases.figures import read_usage
from signtally.use_cases.pending_work import PendingWork

CORRECTED_FOR = dt.timedelta(days=92)  # after a period's end: an import of old years sends nothing
_LOOK_EVERY = dt.timedelta(hours=1)
_LOOK_BACK = dt.timedelta(hours=6)  # a restatement may become readable that much after it was dated
_TENANTS_AT_ONCE = 500
_LONGEST_PERIOD = dt.timedelta(days=366)


def remember_incomplete(key: DeliveryKey, told: Told, *, services: Services) -> None:
    """What goes out now is not complete: it is to be corrected, whatever becomes of the run that sends it."""
    services.stores.deliveries.note_incomplete(key, told=told)
    services.stores.corrections.remind(key)


def send_corrections(
    mails: MailSending,
    *,
    services: Services,
    pending: MutableMapping[str, str],
    profiles: Mapping[str, TenantProfile] | None = None,
) -> int:
    """Send every corrected digest that is due, and return how many; what a service fails for is added to *pending*.

    Restatements are looked for at once where the *profiles* of all tenants are at hand, else once an hour, because
    reading them takes a request a thousand. Ends early when services fail for everybody.
    """
    work, sent = PendingWork(pending), 0
    with work.attempt("corrected digests"):
        _look_for_restatements(profiles, services=services)
    for key in rotated([*services.stores.corrections.reminders()], now=services.clock()):
        if work.is_hopeless:
            break
        about = f"{key.tenant_id} / {key.schedule} / {shown_name(key.period)} / corrected"
        with work.attempt(about):
            sent += _correct(key, mails, services=services)
    return sent


def _correct(key: DeliveryKey, mails: MailSending, *, services: Services) -> bool:
    """Finish with one reminder, unless it has to wait; whether a corrected digest was sent."""
    corrections, ledger = services.stores.corrections, services.stores.deliveries
    tenant, problems = services.stores.tenants.with_problems(key.tenant_id)
    occurrence = _occurrence(key, tenant, now=services.clock())
    if occurrence is None and problems:  # whether it is wanted nobody knows before the profile is mended
        return False
    number, told = last_told(key, services=services)
    if occurrence is None or (told is None and not ledger.is_open(key)):
        corrections.forget(key)
        return False
    if told is None or _waits(occurrence, services=services):  # None: not everybody has got yet what is to be corrected
        return False
    outdated = _outdated(occurrence, told_to_each(key, number, services=services), services=services)
    if outdated and not _send(occurrence, outdated, mails, number=number + 1, services=services):
        return False  # another run is sending it
    corrections.forget(key)
    return bool(outdated)


def _outdated(occurrence: Occurrence, told_to: Mapping[str, Told], *, services: Services) -> dict[str, Told]:
    """Those of *told_to* that do not hold any more.

    What was sent as incomplete is followed by what is complete, also where nothing has changed.
    """
    percent = occurrence.schedule.correct_from_percent
    if percent is None:
        return {name: told for name, told in told_to.items() if not told.is_complete}
    now = read_usage(occurrence.tenant, occurrence.period, services=services).totals
    return {
        name: told
        for name, told in told_to.items()
        if not told.is_complete or is_changed_by(percent, told=told.totals, now=now)
    }


def _send(
    occurrence: Occurrence, outdated: Mapping[str, Told], mails: MailSending, *, number: int, services: Services
) -> bool:
    """Send the corrected digest of this *number*, to each as what replaces theirs; whether all are dealt with."""
    digest, dealt_with = made_digest(occurrence, services=services), []
    names = sorted(outdated, key=lambda name: outdated[name].at)
    for told, same in itertools.groupby(names, key=outdated.__getitem__):
        corrected = digest.replacing(told, number=number)
        dealt_with.append(send_to_each(corrected, mails, services=services, only={*same}))
    if not all(dealt_with):
        return False
    services.stores.deliveries.close_digest(corrected.key, told=corrected.told(at=services.clock()))
    return True


def _waits(occurrence: Occurrence, *, services: Services) -> bool:
    if occurrence.schedule.paused or occurrence.tenant.is_suspended or sends_wait(occurrence.tenant, services=services):
        return True
    return Readiness(services=services, as_of=services.clock()).unready(occurrence) is not None


def _occurrence(key: DeliveryKey, tenant: TenantProfile, *, now: dt.datetime) -> Occurrence | None:
    """None where nobody wants it any more: the schedule is gone or sends none, or the period is long over."""
    schedule = schedule_named(key.schedule, tenant.schedules)
    period = delivered_period(key.period, week_starts_on=tenant.first_weekday)
    if schedule is None or period is None or not schedule.digest:
        return None
    if tenant.today(now) - period.last > CORRECTED_FOR:
        return None
    return occurrence_of(tenant, schedule, period)


def _look_for_restatements(profiles: Mapping[str, TenantProfile] | None, *, services: Services) -> None:
    """Remember the digests of restated days, of schedules that want to be corrected."""
    corrections, now = services.stores.corrections, services.clock()
    looked, wanting = corrections.looked_until(), _wanting(profiles or {})
    if looked is not None and now - looked < _LOOK_EVERY and not wanting:
        return
    if looked is not None:
        for some in batched(_wanting(services.stores.tenants.all()) if profiles is None else wanting, _TENANTS_AT_ONCE):
            for key in _restated(some, since=looked - _LOOK_BACK, services=services):
                corrections.remind(key)
    corrections.note_looked(now)


def _wanting(profiles: Mapping[str, TenantProfile]) -> list[TenantProfile]:
    return [tenant for tenant in profiles.values() if any(_corrected(tenant))]


def _corrected(tenant: TenantProfile) -> Iterator[Schedule]:
    return (
        each for each in tenant.schedules if each.correct_from_percent is not None and each.digest and not each.paused
    )


def _restated(tenants: list[TenantProfile], *, since: dt.datetime, services: Services) -> Iterator[DeliveryKey]:
    today = services.clock().date()
    first = today - CORRECTED_FOR - _LONGEST_PERIOD
    records = services.usage_store.restatements(
        first=first, last=today + dt.timedelta(days=1), tenant_ids=[tenant.tenant_id for tenant in tenants]
    )
    days = records.filter(records["restated_at"] > since).select("tenant_id", "day").unique()
    by_tenant = days.rows_by_key("tenant_id")
    for tenant in tenants:
        restated = [day for (day,) in by_tenant.get(tenant.tenant_id, [])]
        for schedule in _corrected(tenant) if restated else ():
            for name in services.stores.deliveries.periods(tenant.tenant_id, schedule.name).closed:
                period = delivered_period(name, week_starts_on=tenant.first_weekday)
                if period is not None and any(period.first <= day <= period.last for day in restated):
                    yield DeliveryKey(tenant.tenant_id, schedule.name, correction_number(name)[0])
