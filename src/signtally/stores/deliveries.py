"""The ledger of deliveries: keeps every scheduled occurrence from being made or sent twice.

Below `deliveries/{tenant}/{schedule}/{period}/` lie `making.json` (while somebody makes the report), `report.json` (the
report that was made), one object for each recipient, and at the end `digest.json`, when all of them are dealt with.
The first to put an object has the work; `state/deliveries.json` only remembers what is done, to save reading the
ledger of every schedule each time.
"""

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterable, Mapping

from pydantic import TypeAdapter

from signtally.domain.reports import ReportKey
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.typed_objects import JsonObject

_DONE = f"{keys.STATE}deliveries.json"
_MAKING, _REPORT, _DIGEST = "making.json", "report.json", "digest.json"


class MailState(enum.StrEnum):
    """How far one recipient's email has come."""

    CLAIMED = "claimed"  # about to be sent; if it stays so, its run died and nobody knows whether it went out
    SENT = "sent"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"  # handed over without an answer


@dataclasses.dataclass(frozen=True, slots=True)
class DeliveryKey:
    """One occurrence: *period* is `signtally.domain.schedules.Occurrence.key_name`."""

    tenant_id: str
    schedule: str
    period: str


@dataclasses.dataclass(frozen=True, slots=True)
class MailDelivery:
    """What became of one recipient's email; *detail* is the mail service's id for it, or its objection."""

    email: str
    state: MailState
    at: dt.datetime
    detail: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class _Making:
    since: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class _ClosedDigest:
    closed_at: dt.datetime


_MAKING_JSON = TypeAdapter(_Making)
_CLOSED_JSON = TypeAdapter(_ClosedDigest)
_DONE_JSON = TypeAdapter(dict[str, dict[str, str]])
_REPORT_JSON = TypeAdapter(ReportKey)
_MAIL_JSON = TypeAdapter(MailDelivery)


class Deliveries:
    """Claims and results by occurrence: one report each, and one email each and recipient."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def claim_report(self, key: DeliveryKey, *, now: dt.datetime, lease: dt.timedelta) -> bool:
        """Claim the making of the report; False when it is made, or somebody claimed it less than *lease* ago."""
        claim = JsonObject(self._objects, f"{_folder(key)}{_MAKING}", _MAKING_JSON)
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
        self._objects.delete([f"{_folder(key)}{_MAKING}"])

    def report(self, key: DeliveryKey) -> ReportKey | None:
        """The report that was made for this occurrence; None when none is whole."""
        return self._report(key).read()

    def claim_mail(self, key: DeliveryKey, email: str, *, now: dt.datetime) -> MailDelivery | None:
        """Claim one recipient's email: None when it is ours to send, else what became of it."""
        stored = self._mail(key, email)
        while not stored.create(MailDelivery(email, MailState.CLAIMED, now)):
            earlier = stored.read()
            if earlier is not None:  # else it was released between the two calls
                return earlier
        return None

    def record_mail(self, key: DeliveryKey, delivery: MailDelivery) -> None:
        """Record what became of an email; only for the one who has claimed it."""
        self._mail(key, delivery.email).write(delivery)

    def release_mail(self, key: DeliveryKey, email: str) -> None:
        """Release the claim of an email that was certainly not sent."""
        self._mail(key, email).delete()

    def close_digest(self, key: DeliveryKey, *, now: dt.datetime) -> None:
        """Note that every recipient is dealt with: whoever joins the schedule later starts with its next occurrence."""
        JsonObject(self._objects, f"{_folder(key)}{_DIGEST}", _CLOSED_JSON).create(_ClosedDigest(now))

    def reported_periods(self, tenant_id: str, schedule: str) -> set[str]:
        """The names of the periods whose reports were made."""
        return self._periods_with(_REPORT, _schedule(tenant_id, schedule))

    def closed_periods(self, tenant_id: str, schedule: str) -> set[str]:
        """The names of the periods whose digests are closed."""
        return self._periods_with(_DIGEST, _schedule(tenant_id, schedule))

    def _report(self, key: DeliveryKey) -> JsonObject[ReportKey]:
        return JsonObject(self._objects, f"{_folder(key)}{_REPORT}", _REPORT_JSON)

    def _mail(self, key: DeliveryKey, email: str) -> JsonObject[MailDelivery]:
        """One address however it is written: nobody gets it twice for a capital. It never looks like `report`."""
        return JsonObject(self._objects, f"{_folder(key)}{keys.segment(email.casefold())}.json", _MAIL_JSON)

    def _periods_with(self, name: str, folder: str) -> set[str]:
        paths = (summary.key.removeprefix(folder).split("/") for summary in self._objects.list_objects(folder))
        return {keys.text_of(path[0]) for path in paths if path[-1] == name}


class DoneOccurrences:
    """For *what* (`reports`, `digests`), the newest occurrence of each schedule that is known to be done.

    A cache of the ledger: a schedule that it does not know is looked up, and lost updates only cost that. Beside each
    occurrence stands the `Occurrence.calendar` by which it was the newest one.
    """

    def __init__(self, objects: ObjectStore, *, what: str) -> None:
        self._object = JsonObject(objects, _DONE, _DONE_JSON)
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

    def record(self, added: Mapping[str, str]) -> None:
        """Add what others *added*, and remember it; for runs that share the work."""
        self._new |= added
        self.save(None)

    def add(self, key: DeliveryKey, *, calendar: str) -> None:
        self._new[_schedule(key.tenant_id, key.schedule)] = f"{key.period} {calendar}"

    def save(self, existing: Iterable[tuple[str, str]] | None) -> None:
        """Remember what was added; with *existing* schedules (tenant id, name), all others are forgotten."""
        if not self._new:
            return
        living = None if existing is None else {_schedule(tenant_id, schedule) for tenant_id, schedule in existing}

        def merged(everything: dict[str, dict[str, str]] | None) -> dict[str, dict[str, str]]:
            kept = (everything or {}).get(self._what, {}) | self._new
            known = {name: entry for name, entry in kept.items() if living is None or name in living}
            return (everything or {}) | {self._what: known}

        self._object.update(merged)

    def _entry(self, key: DeliveryKey) -> tuple[str, str]:
        period, _, calendar = self._known.get(_schedule(key.tenant_id, key.schedule), "").partition(" ")
        return period, calendar


def _schedule(tenant_id: str, schedule: str) -> str:
    return f"deliveries/{keys.segment(tenant_id)}/{keys.segment(schedule)}/"


def _folder(key: DeliveryKey) -> str:
    return f"{_schedule(key.tenant_id, key.schedule)}{keys.segment(key.period)}/"
