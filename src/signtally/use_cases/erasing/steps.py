"""The steps of forgetting a person, each idempotent, and each its own number of what it changed (or would change)."""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Protocol

import polars as pl

from signtally.domain.audit import AuditEntry
from signtally.domain.erasures import NAMES, NOBODY, Person
from signtally.domain.reports import ReportKey, ReportStatus
from signtally.domain.schemas import DAILY_USAGE, STANDING_ROWS, USER_DAY_KEY
from signtally.domain.time_units import MICROSECOND
from signtally.ports.errors import ServiceUnavailableError
from signtally.services import Services
from signtally.stores.imports import forget_rejects
from signtally.stores.report_states import ReportMissingError
from signtally.use_cases.erasing.traces import Appearances

ERASED = "erased"
_MOST_ATTEMPTS = 10


def forget_memberships(person: Person, *, services: Services, dry_run: bool) -> int:
    """Recipients of schedules, and members."""
    return services.stores.tenants.forget_person(person, dry_run=dry_run)


def forget_deliveries(person: Person, *, services: Services, dry_run: bool) -> int:
    """Entries of the ledger stand under a label from then on; what is being sent just now is left for a later run."""
    ledger, now = services.stores.mail_deliveries, services.clock()
    done = 0
    for key, delivery in [*ledger.to(person.tenant_id, person.emails)]:
        if delivery.is_under_way(now):
            continue
        done += 1
        if not dry_run:
            services.stores.sent_mails.forget([delivery.message_id] if delivery.message_id else [])
            ledger.forget_address(key, delivery.without_dead_claim(now), label=label_of(person))
    if not dry_run:
        ledger.forget_reminders(person.tenant_id, person.emails)
    return done


def emails_under_way(person: Person, *, services: Services) -> int:
    """Emails to the person that somebody is sending at this moment."""
    now = services.clock()
    found = services.stores.mail_deliveries.to(person.tenant_id, person.emails)
    return sum(delivery.is_under_way(now) for _, delivery in found)


def forget_suppressions(person: Person, *, services: Services, dry_run: bool) -> int:
    """Who unsubscribed, bounced or complained: nothing is sent to them, for they are in no schedule any more."""
    suppressions, tenant_id = services.stores.suppressions, person.tenant_id
    found = [email for email in sorted(person.emails) if suppressions.get(tenant_id, email) is not None]
    for email in found if not dry_run else ():
        suppressions.lift(tenant_id, email)
    return len(found)


def forget_audit(person: Person, *, services: Services, dry_run: bool) -> int:
    """The entries stay, without where the person was, and without their addresses in what others did."""

    def nameless(entry: AuditEntry) -> AuditEntry:
        detail = {name: person.without_addresses(text, stand_in=ERASED) for name, text in entry.detail.items()}
        subject = person.without_addresses(entry.subject, stand_in=ERASED)
        told = dataclasses.replace(entry, detail=detail, subject=subject)
        own = entry.user_id == person.user_id
        return dataclasses.replace(told, address=None, user_agent=None) if own else told

    return services.stores.audit.rewrite(person.tenant_id, nameless, dry_run=dry_run)


def forget_keyed_requests(person: Person, *, services: Services, dry_run: bool) -> int:
    """What sends by hand led to is known by their keys for a month; it stays, without the person's addresses."""

    def nameless(outcome: str) -> str:
        return person.without_addresses(outcome, stand_in=label_of(person))

    return services.stores.idempotency.rewrite(person.tenant_id, nameless, dry_run=dry_run)


def forget_rejected_rows(person: Person, *, services: Services, dry_run: bool) -> int:
    """Rows of imports that could not be taken, and that have the user's id or an address of theirs in them."""

    def is_about(reject: Mapping[str, object]) -> bool:
        row = reject.get("row")
        texts = [str(each) for each in row.values()] if isinstance(row, dict) else [str(row)]
        return person.user_id in texts or any(map(person.is_addressed, texts))

    return forget_rejects(services.objects, is_about, dry_run=dry_run)


def forget_reports(person: Person, *, services: Services, dry_run: bool) -> int:
    """Files and user figures of the versions that may name the person; ordered again, a report is made without."""
    contents, appearances = services.stores.report_contents, _appearances(person, services)
    done = 0
    for key, manifest in contents.versions(person.tenant_id):
        if manifest is None and _is_in_work(key, services):  # whoever makes it looks for erased users at the end
            continue
        if manifest is None or appearances.may_be_in(manifest):
            done += 1
            if not dry_run:
                contents.forget(key)
    return done


def _appearances(person: Person, services: Services) -> Appearances:
    assert person.user_id is not None  # noqa: S101 -- one person
    return Appearances.of(person.tenant_id, person.user_id, services=services)


def forget_event_names(person: Person, *, services: Services, dry_run: bool) -> int:
    store = services.usage_store
    named = store.events_with_names(person.tenant_id, person.user_id)
    if not dry_run:
        store.put_nameless(named)
    return len(named)


def forget_usage_names(person: Person, *, services: Services, dry_run: bool) -> int:
    """Raises ServiceUnavailableError when others kept writing the same rows."""
    store, standing = services.usage_store, STANDING_ROWS.to_frame()
    found = named = store.usage_with_names(person.tenant_id, person.user_id)
    for _ in range(_MOST_ATTEMPTS):
        if dry_run or named.is_empty():
            return len(found)
        standing = _write_nameless(named, standing=standing, services=services)
        named = store.usage_with_names(person.tenant_id, person.user_id)
    raise ServiceUnavailableError("rows of daily usage keep being written with names: run the command again")


def forget_stored_names(person: Person, *, services: Services) -> int:
    """What the usage store itself has; again where it has been copied since. Raises as `forget_usage_names`."""
    steps = (forget_event_names, forget_usage_names)
    return sum(step(person, services=services, dry_run=False) for step in steps)


def _write_nameless(named: pl.DataFrame, *, standing: pl.DataFrame, services: Services) -> pl.DataFrame:
    """Each row one version above that in which it was read: a run that has counted it since keeps its own figures.

    Returns the rows that were refused, with the version in which they stand, to be tried above that.
    """
    nameless = named.with_columns(pl.lit(None, pl.String()).alias(name) for name in NAMES)
    known = nameless.join(standing, on=USER_DAY_KEY, how="left")
    read_in = pl.max_horizontal(pl.col("counted_at").dt.epoch("us"), "version")
    refused = [STANDING_ROWS.to_frame()]
    for (version, counted_at), rows in known.group_by((read_in + 1).alias("above"), "counted_at"):
        assert isinstance(version, int)  # noqa: S101 -- the schema says so; mypy cannot see it
        assert isinstance(counted_at, dt.datetime)  # noqa: S101 -- as above
        bare, instant = rows.select([*DAILY_USAGE]), counted_at + MICROSECOND  # another revision than before
        refused.append(services.usage_store.put_daily_usage(bare, version=version, counted_at=instant))
    return pl.concat(refused)


def forget_unread_names(person: Person, *, services: Services, dry_run: bool) -> int:
    erased = NOBODY.with_user(person.tenant_id, person.user_id)
    return services.stores.unread_rows.forget_names(person.tenant_id, erased=erased, dry_run=dry_run)


def label_of(person: Person) -> str:
    """Under which the ledger has what went to an erased person: always the same, and told from others'."""
    about = f"{person.tenant_id}\0{person.user_id}"
    return f"{ERASED}:{hashlib.sha256(about.encode()).hexdigest()[:12]}"


def _is_in_work(key: ReportKey, services: Services) -> bool:
    try:
        state = services.stores.reports.state(key, now=services.clock())
    except ReportMissingError:
        return False
    return state.status in {ReportStatus.PENDING, ReportStatus.RUNNING}


class Step(Protocol):
    """Forgets something of a person, and says how much; with *dry_run* how much it would."""

    def __call__(self, person: Person, *, services: Services, dry_run: bool) -> int: ...


# By what they change. Those of the usage store are last: what was read there before is on its way into other things.
IN_THE_BUCKET: dict[str, Step] = {
    "recipients and members": forget_memberships,
    "deliveries": forget_deliveries,
    "suppressions": forget_suppressions,
    "audit entries": forget_audit,
    "idempotency keys": forget_keyed_requests,
    "rejected rows of imports": forget_rejected_rows,
    "report versions": forget_reports,
}
IN_THE_USAGE_STORE: dict[str, Step] = {
    "events": forget_event_names,
    "rows of daily usage": forget_usage_names,
    "rows that cannot be read yet": forget_unread_names,
}


def take(steps: Mapping[str, Step], person: Person, *, services: Services, dry_run: bool = False) -> dict[str, int]:
    """One after another; what each changed, or would have with *dry_run*."""
    return {name: step(person, services=services, dry_run=dry_run) for name, step in steps.items()}
