"""The ledger of deliveries: keeps every scheduled occurrence from being made or sent twice.

Below `deliveries/{tenant}/{schedule}/{period}/` lie `due-reports.json` and `due-digests.json` (of a schedule's first
period alone: that it fell due), `waiting.json` (since when its figures are not complete), `making.json` (while somebody
makes the report), `report.json` (the report that was made), one object for each recipient
(`signtally.stores.mail_deliveries`), `incomplete.json` (what some of them were told before it was complete), and at the
end `digest.json`, when all of them are dealt with; or `passed.json`, which says why nothing is made or sent. The first
to put an object has the work; `state/deliveries.json` only remembers what is done, to save reading the ledger of every
schedule each time.
"""

import dataclasses
import datetime as dt
import enum
import logging
from collections.abc import Iterable, Mapping

from pydantic import TypeAdapter, ValidationError

from signtally.domain.actions import Counts
from signtally.domain.corrections import Told
from signtally.domain.deliveries import DeliveryKey
from signtally.domain.reports import ReportKey
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.mail_deliveries import names_recipient
from signtally.stores.typed_objects import JsonObject, TypedObject

_DONE = f"{keys.STATE}deliveries.json"
_MAKING, _REPORT, _DIGEST = "making.json", "report.json", "digest.json"
_WAITING, _PASSED, _INCOMPLETE = "waiting.json", "passed.json", "incomplete.json"
_REPORTS_DUE, _DIGESTS_DUE = "due-reports.json", "due-digests.json"
_EMAILS = "emails"
_log = logging.getLogger(__name__)
_LISTED = (_REPORT, _DIGEST, _PASSED, _WAITING, _EMAILS, _REPORTS_DUE, _DIGESTS_DUE)  # in the order of `LedgerPeriods`


class PassedOver(enum.StrEnum):
    """Why nothing is made or sent for an occurrence."""

    MISSED = "missed"  # nobody ran when it was due, and the schedule does not catch up
    TOO_OLD = "too_old"  # before the newest ones that the schedule catches up
    EMPTY = "empty"  # nothing happened in its period, and the schedule skips that
    NOT_NEEDED = "not_needed"  # the schedule's condition does not hold
    SUSPENDED = "suspended"  # its tenant was, when it was due


@dataclasses.dataclass(frozen=True, slots=True)
class LedgerPeriods:
    """The names of one schedule's periods in the ledger, by what is known of them."""

    reported: frozenset[str]  # the report was made
    closed: frozenset[str]  # every recipient is dealt with
    passed: frozenset[str]  # nothing is made or sent
    waiting: frozenset[str]  # once waited for complete figures; it may be in the others by now
    begun: frozenset[str]  # somebody's email was claimed, or more
    first_report: frozenset[str]  # fell due before any report was made
    first_digest: frozenset[str]  # fell due before any digest was sent


@dataclasses.dataclass(frozen=True, slots=True)
class _Making:
    since: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class _ClosedDigest:
    closed_at: dt.datetime
    totals: Counts | None = None  # None: done before they were kept
    is_complete: bool = True
    earlier: Mapping[str, Counts] = dataclasses.field(default_factory=dict)  # as in `Told`


@dataclasses.dataclass(frozen=True, slots=True)
class _Due:
    at: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class _Waiting:
    since: dt.datetime
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class PassedRecord:
    """When an occurrence was passed over, and why; or several of them, whose period is a range of days."""

    at: dt.datetime  # aware, UTC
    why: PassedOver
    occurrences: int = 1


_MAKING_JSON = TypeAdapter(_Making)
_CLOSED_JSON = TypeAdapter(_ClosedDigest)
_DONE_JSON = TypeAdapter(dict[str, dict[str, str]])
_REPORT_JSON = TypeAdapter(ReportKey)
_DUE_JSON = TypeAdapter(_Due)
_WAITING_JSON = TypeAdapter(_Waiting)
_PASSED_JSON = TypeAdapter(PassedRecord)


class Deliveries:
    """Claims and results by occurrence: one report each."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def claim_report(self, key: DeliveryKey, *, now: dt.datetime, lease: dt.timedelta) -> bool:
        """Claim the making of the report; False when it is made, or somebody claimed it less than *lease* ago."""
        claim = JsonObject(self._objects, f"{keys.occurrence_deliveries(key)}{_MAKING}", _MAKING_JSON)
        if not claim.create(_Making(now)):
            earlier = claim.read_version()
            if earlier is None:  # made or released just now: the next run sees which
                return False
            if now - earlier.value.since < lease or not claim.replace(_Making(now), etag=earlier.etag):
                return False
        if self.report(key) is None:
            return True
        self.release_report(key)
        return False

    def record_report(self, key: DeliveryKey, made: ReportKey) -> None:
        """Record the report that was made, and release the claim."""
        self._report(key).write(made)
        self.release_report(key)

    def release_report(self, key: DeliveryKey) -> None:
        """Release the claim: the next run may make the report at once."""
        self._objects.delete([f"{keys.occurrence_deliveries(key)}{_MAKING}"])

    def report(self, key: DeliveryKey) -> ReportKey | None:
        """The report that was made for this occurrence; None when none is whole."""
        return self._report(key).read()

    def note_incomplete(self, key: DeliveryKey, *, told: Told) -> None:
        """Note what an incomplete digest tells, before anybody gets it; the first such note stays."""
        self._incomplete(key).create(_closed_digest(told))

    def close_digest(self, key: DeliveryKey, *, told: Told) -> None:
        """Note that every recipient is dealt with: whoever joins the schedule later starts with its next occurrence.

        Where some of them were told incomplete figures, by this run or another one, that is what was told.
        """
        self._closed(key).create(self._incomplete(key).read() or _closed_digest(told))

    def is_open(self, key: DeliveryKey) -> bool:
        """Whether an occurrence is neither closed nor passed over."""
        return self._closed(key).read() is None and self.passed(key) is None

    def told(self, key: DeliveryKey) -> Told | None:
        """What the recipients of a digest read; None before each is dealt with, or where that was not kept."""
        closed = self._closed(key).read()
        if closed is None or closed.totals is None:
            return None
        return Told(closed.totals, closed.closed_at, closed.is_complete, closed.earlier)

    def note_first(self, key: DeliveryKey, *, now: dt.datetime, is_report: bool, is_digest: bool) -> None:
        """Note with which occurrence a schedule's reports, or digests, begin: before any of them is tried.

        What comes of nothing until the next one is due was missed then, as any later one would be.
        """
        for name, is_first in ((_REPORTS_DUE, is_report), (_DIGESTS_DUE, is_digest)):
            if is_first:
                JsonObject(self._objects, f"{keys.occurrence_deliveries(key)}{name}", _DUE_JSON).create(_Due(now))

    def note_waiting(self, key: DeliveryKey, *, now: dt.datetime, reason: str) -> None:
        """Note that an occurrence was due and waits for complete figures: it is not passed over for a newer one."""
        self._waiting(key).create(_Waiting(now, reason))

    def waiting_since(self, key: DeliveryKey) -> dt.datetime | None:
        """When it was first noted that an occurrence waits for complete figures; None when it never did."""
        noted = self._waiting(key).read()
        return None if noted is None else noted.since

    def pass_over(self, key: DeliveryKey, *, now: dt.datetime, why: PassedOver, occurrences: int = 1) -> None:
        """Record that nothing is made or sent for an occurrence, or for so many."""
        self._passed(key).create(PassedRecord(now, why, occurrences))

    def passed(self, key: DeliveryKey) -> PassedRecord | None:
        """Why nothing is made or sent for an occurrence; None when it was not passed over."""
        return self._passed(key).read()

    def periods(self, tenant_id: str, schedule: str) -> LedgerPeriods:
        """What the ledger knows of a schedule: one listing."""
        folder = keys.schedule_deliveries(tenant_id, schedule)
        found: dict[str, set[str]] = {name: set() for name in _LISTED}
        for summary in self._objects.list_objects(folder):
            period, _, name = summary.key.removeprefix(folder).partition("/")
            kind = _EMAILS if names_recipient(name) else name
            if kind in found:
                found[kind].add(keys.text_of(period))
        return LedgerPeriods(*map(frozenset, found.values()))

    def period_names(self, tenant_id: str, schedule: str) -> list[str]:
        """The names of every period in the ledger, in no order."""
        return [
            keys.text_of(each) for each in self._objects.list_prefixes(keys.schedule_deliveries(tenant_id, schedule))
        ]

    def schedules(self, tenant_id: str) -> list[str]:
        """The names of the schedules that the ledger knows, also those that are deleted since."""
        folder = f"{keys.DELIVERIES}{keys.segment(tenant_id)}/"
        return [keys.text_of(each) for each in self._objects.list_prefixes(folder)]

    def tenants(self) -> list[str]:
        """The tenants that the ledger knows."""
        return [keys.text_of(each) for each in self._objects.list_prefixes(keys.DELIVERIES)]

    def _closed(self, key: DeliveryKey) -> JsonObject[_ClosedDigest]:
        return JsonObject(self._objects, f"{keys.occurrence_deliveries(key)}{_DIGEST}", _CLOSED_JSON)

    def _incomplete(self, key: DeliveryKey) -> JsonObject[_ClosedDigest]:
        return JsonObject(self._objects, f"{keys.occurrence_deliveries(key)}{_INCOMPLETE}", _CLOSED_JSON)

    def _waiting(self, key: DeliveryKey) -> JsonObject[_Waiting]:
        return JsonObject(self._objects, f"{keys.occurrence_deliveries(key)}{_WAITING}", _WAITING_JSON)

    def _passed(self, key: DeliveryKey) -> JsonObject[PassedRecord]:
        return JsonObject(self._objects, f"{keys.occurrence_deliveries(key)}{_PASSED}", _PASSED_JSON)

    def _report(self, key: DeliveryKey) -> JsonObject[ReportKey]:
        return JsonObject(self._objects, f"{keys.occurrence_deliveries(key)}{_REPORT}", _REPORT_JSON)


def _closed_digest(told: Told) -> _ClosedDigest:
    return _ClosedDigest(told.at, told.totals, told.is_complete, told.earlier)


def _done(body: bytes) -> dict[str, dict[str, str]]:
    """What is known to be done; nothing where that cannot be read: the ledger is asked."""
    try:
        return _DONE_JSON.validate_json(body)
    except ValidationError as error:
        _log.error("%s cannot be read, and counts as lost: %s", _DONE, error)
        return {}


class DoneOccurrences:
    """For *what* (`reports`, `digests`), the newest occurrence of each schedule that is known to be done.

    A cache of the ledger: a schedule that it does not know is looked up, and lost updates only cost that. Beside each
    occurrence stands the `Occurrence.calendar` by which it was the newest one.
    """

    def __init__(self, objects: ObjectStore, *, what: str) -> None:
        self._object = TypedObject(objects, _DONE, encode=_DONE_JSON.dump_json, decode=_done)
        self._what = what
        self._known = (self._object.read() or {}).get(what, {})
        self._new: dict[str, str] = {}

    def __contains__(self, key: DeliveryKey) -> bool:
        return self._entry(key)[0] == key.period

    def calendar(self, key: DeliveryKey) -> str | None:
        """The calendar that the schedule of *key* had when it was last seen; None when that is not known."""
        return self._entry(key)[1] or None

    @property
    def added(self) -> dict[str, str]:
        """What was added since it was read; opaque, for `record`."""
        return dict(self._new)

    def record(self, added: Mapping[str, str], *, existing: Iterable[tuple[str, str]]) -> None:
        """Add what others *added*, and remember it for *existing* schedules; for runs that share the work."""
        self._new |= added
        self.save(existing)

    def add(self, key: DeliveryKey, *, calendar: str) -> None:
        self._new[keys.schedule_deliveries(key.tenant_id, key.schedule)] = f"{key.period} {calendar}"

    def save(self, existing: Iterable[tuple[str, str]] | None) -> None:
        """Remember what was added; with *existing* schedules (tenant id, name), all others are forgotten."""
        if not self._new:
            return
        living = None if existing is None else {keys.schedule_deliveries(*each) for each in existing}

        def merged(everything: dict[str, dict[str, str]] | None) -> dict[str, dict[str, str]]:
            kept = (everything or {}).get(self._what, {}) | self._new
            known = {name: entry for name, entry in kept.items() if living is None or name in living}
            return (everything or {}) | {self._what: known}

        self._object.update(merged)

    def _entry(self, key: DeliveryKey) -> tuple[str, str]:
        period, _, calendar = self._known.get(keys.schedule_deliveries(key.tenant_id, key.schedule), "").partition(" ")
        return period, calendar
