"""What was delivered of every scheduled occurrence: the ledger that keeps anything from being made or sent twice.

Below `deliveries/{tenant}/{schedule}/{period}/` lie `making.json` (while somebody makes the report), `report.json` (the
report that was made), one object for each recipient, and at the end `digest.json`, when all of them are dealt with.
The first to put an object has the work; `state/deliveries.json` only remembers what is done, to save reading the
ledger of every schedule each time.
"""

import dataclasses
import datetime as dt
import enum
import json
from collections.abc import Iterable

from pydantic import TypeAdapter

from signtally.domain.reports import ReportKey
from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores import keys

_DONE = f"{keys.STATE}deliveries.json"
_MAKING, _REPORT, _DIGEST = "making.json", "report.json", "digest.json"


class MailState(enum.StrEnum):
    CLAIMED = "claimed"  # about to be sent; if it stays so, its run died and nobody knows whether it went out
    SENT = "sent"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"  # handed over without an answer


@dataclasses.dataclass(frozen=True, slots=True)
class DeliveryKey:
    """One occurrence: *period* is the period's name."""

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


_REPORT_JSON = TypeAdapter(ReportKey)
_MAIL_JSON = TypeAdapter(MailDelivery)


class Deliveries:
    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def claim_report(self, key: DeliveryKey, *, now: dt.datetime, lease: dt.timedelta) -> bool:
        """Take the making of the report; False when it is made, or somebody took it less than *lease* ago."""
        place, body = f"{_folder(key)}{_MAKING}", json.dumps({"since": now.isoformat()}).encode()
        if not self._objects.put_if_absent(place, body):
            try:
                stored = self._objects.get(place)
            except ObjectMissingError:  # made or released just now: the next run sees which
                return False
            since = dt.datetime.fromisoformat(json.loads(stored.body)["since"])
            if now - since < lease or not self._objects.put_if_match(place, body, etag=stored.etag):
                return False
        if self.report(key) is None:
            return True
        self.release_report(key)
        return False

    def record_report(self, key: DeliveryKey, made: ReportKey) -> None:
        self._objects.put(f"{_folder(key)}{_REPORT}", _REPORT_JSON.dump_json(made))
        self.release_report(key)

    def release_report(self, key: DeliveryKey) -> None:
        self._objects.delete([f"{_folder(key)}{_MAKING}"])

    def report(self, key: DeliveryKey) -> ReportKey | None:
        """The report that was made for this occurrence; None when none is whole."""
        try:
            stored = self._objects.get(f"{_folder(key)}{_REPORT}")
        except ObjectMissingError:
            return None
        return _REPORT_JSON.validate_json(stored.body)

    def claim_mail(self, key: DeliveryKey, email: str, *, now: dt.datetime) -> MailDelivery | None:
        """Take one recipient's email: None when it is ours to send, else what became of it."""
        place = _mail(key, email)
        claim = MailDelivery(email, MailState.CLAIMED, now)
        while not self._objects.put_if_absent(place, _MAIL_JSON.dump_json(claim)):
            try:
                return _MAIL_JSON.validate_json(self._objects.get(place).body)
            except ObjectMissingError:  # released between the two calls
                continue
        return None

    def record_mail(self, key: DeliveryKey, delivery: MailDelivery) -> None:
        """Only who holds the claim may say what became of it."""
        self._objects.put(_mail(key, delivery.email), _MAIL_JSON.dump_json(delivery))

    def release_mail(self, key: DeliveryKey, email: str) -> None:
        self._objects.delete([_mail(key, email)])

    def close_digest(self, key: DeliveryKey, *, now: dt.datetime) -> None:
        """Every recipient is dealt with: whoever joins the schedule later starts with its next occurrence."""
        self._objects.put_if_absent(f"{_folder(key)}{_DIGEST}", json.dumps({"closed_at": now.isoformat()}).encode())

    def reported_periods(self, tenant_id: str, schedule: str) -> set[str]:
        """The names of the periods whose reports were made."""
        return self._periods_with(_REPORT, _schedule(tenant_id, schedule))

    def closed_periods(self, tenant_id: str, schedule: str) -> set[str]:
        """The names of the periods whose digests are closed."""
        return self._periods_with(_DIGEST, _schedule(tenant_id, schedule))

    def _periods_with(self, name: str, folder: str) -> set[str]:
        paths = (summary.key.removeprefix(folder).split("/") for summary in self._objects.list_objects(folder))
        return {keys.text_of(path[0]) for path in paths if path[-1] == name}


class DoneOccurrences:
    """For *what* (`reports`, `digests`), the newest occurrence of each schedule that is known to be done.

    A cache of the ledger: a schedule that it does not know is looked up, and lost updates only cost that.
    """

    def __init__(self, objects: ObjectStore, *, what: str) -> None:
        self._objects = objects
        self._what = what
        self._known = self._read().get(what, {})
        self._new: dict[str, str] = {}

    def __contains__(self, key: DeliveryKey) -> bool:
        return self._known.get(_schedule(key.tenant_id, key.schedule)) == key.period

    def add(self, key: DeliveryKey) -> None:
        self._new[_schedule(key.tenant_id, key.schedule)] = key.period

    def save(self, existing: Iterable[tuple[str, str]]) -> None:
        """Remember what was added; schedules that are not among the *existing* (tenant id, name) are forgotten."""
        if not self._new:
            return
        everything = self._read()
        kept = everything.get(self._what, {}) | self._new
        living = {_schedule(tenant_id, schedule) for tenant_id, schedule in existing}
        everything[self._what] = {place: period for place, period in kept.items() if place in living}
        self._objects.put(_DONE, json.dumps(everything).encode())

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            stored: dict[str, dict[str, str]] = json.loads(self._objects.get(_DONE).body)
        except ObjectMissingError:
            return {}
        return stored


def _schedule(tenant_id: str, schedule: str) -> str:
    return f"deliveries/{keys.segment(tenant_id)}/{keys.segment(schedule)}/"


def _folder(key: DeliveryKey) -> str:
    return f"{_schedule(key.tenant_id, key.schedule)}{keys.segment(key.period)}/"


def _mail(key: DeliveryKey, email: str) -> str:
    """One address however it is written: nobody gets it twice for a capital letter. It never looks like `report`."""
    return f"{_folder(key)}{keys.segment(email.casefold())}.json"
