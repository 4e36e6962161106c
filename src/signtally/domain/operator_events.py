"""What operators are to know of at once: each under a stable name, with what it is about and which command shows more.

No event has a name, an address or a secret in it: operators' tools keep events for a long time.
"""

import dataclasses
import datetime as dt
import enum
from collections.abc import Callable, Mapping

from signtally.domain.counted import counted
from signtally.domain.dead_letter_queues import QueueName
from signtally.domain.deliveries import DeliveryKey, MailState
from signtally.domain.redaction import without_secrets
from signtally.domain.reports import ReportKey

LATE_AFTER = dt.timedelta(minutes=15)  # figures are counted every minute: then something is wrong
BOUNCES_HIGH, FEWEST_SENT = 0.05, 20  # share of what was sent; of fewer emails it says nothing
_LONGEST = 500  # characters of a sentence; the log has the rest


class EventName(enum.StrEnum):
    """Names that automations and other tools rely on: they never change."""

    REPORT_FAILED = "signtally.report.failed"
    REPORT_LATE = "signtally.report.late"
    REPORT_RESTATED = "signtally.report.restated"
    DIGEST_FAILED = "signtally.digest.failed"
    DIGEST_LATE = "signtally.digest.late"
    DIGEST_REFUSED = "signtally.digest.refused"
    BOUNCES_HIGH = "signtally.bounces.high"
    DEAD_LETTERS_GROWN = "signtally.dead-letters.grown"
    DATA_THROUGH_LATE = "signtally.data-through.late"
    RECONCILE_MISMATCH = "signtally.reconcile.mismatch"
    PROFILE_BROKEN = "signtally.profile.broken"
    STORE_UNAVAILABLE = "signtally.store.unavailable"


@dataclasses.dataclass(frozen=True, slots=True)
class OperatorEvent:
    """One thing that happened: *said* tells it in a sentence, *look* is a command that shows more.

    *kind* and *id* name what it is about, as `signtally.{kind}.{id}`; *tenant_id* whose that is, if it is anybody's.
    """

    name: EventName
    kind: str
    id: str
    said: str
    look: str
    tenant_id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "said", without_secrets(self.said)[:_LONGEST])

    @property
    def about(self) -> str:
        return f"signtally.{self.kind}.{self.id}"


Tell = Callable[[OperatorEvent], None]  # returns at once and never raises


def tell_nobody(event: OperatorEvent) -> None:
    """Where no operator listens: the log has it all the same."""
    del event


def report_failed(key: ReportKey, why: str) -> OperatorEvent:
    said = f"report {key.report_id}, version {key.version}, of {key.tenant_id} was not made: {why}"
    return _of_report(EventName.REPORT_FAILED, key, said)


def report_restated(key: ReportKey) -> OperatorEvent:
    said = f"report {key.report_id} of {key.tenant_id} says something else in version {key.version} than before"
    look = f"signtally reports diff --tenant {key.tenant_id} {key.report_id} {key.version - 1} {key.version}"
    return dataclasses.replace(_of_report(EventName.REPORT_RESTATED, key, said), look=look)


def delivery_failed(kind: str, key: DeliveryKey, why: str) -> OperatorEvent:
    """*kind* is `reports` or `digests`."""
    name = EventName.DIGEST_FAILED if kind == "digests" else EventName.REPORT_FAILED
    return _of_delivery(name, key, f"{_occurrence(key)} failed: {why}")


def delivery_late(kind: str, key: DeliveryKey, why: str) -> OperatorEvent:
    """*kind* is `reports` or `digests`."""
    name = EventName.DIGEST_LATE if kind == "digests" else EventName.REPORT_LATE
    return _of_delivery(name, key, f"{_occurrence(key)} has waited too long: {why}")


def digest_refused(key: DeliveryKey, state: MailState, why: str) -> OperatorEvent:
    said = f"an email of {_occurrence(key)} was not delivered ({state.replace('_', ' ')}): {why}"
    return _of_delivery(EventName.DIGEST_REFUSED, key, said)


def bounces_high(returned: int, sent: int) -> OperatorEvent:
    emails, share = counted(sent, "email"), f"{returned / sent:.0%}"
    said = f"of {emails} since yesterday {returned} bounced or were complained about, {share}"
    return OperatorEvent(EventName.BOUNCES_HIGH, "mail", "bounces", said, "signtally deliveries list --state bounced")


def dead_letters_grown(reasons: Mapping[str, int], *, queue: str, of: QueueName = QueueName.EVENTS) -> OperatorEvent:
    """*queue* is what the dead letters' queue is called in AWS."""
    found = ", ".join(f"{number} {reason}" for reason, number in sorted(reasons.items()))
    total = sum(reasons.values())
    what = "could not be counted" if of is QueueName.EVENTS else f"of {of} could not be read"
    became = "is a dead letter" if total == 1 else "are dead letters"
    said = f"{counted(total, 'message')} {what} and {became}: {found}"
    look = "signtally dead-letters list" + ("" if of is QueueName.EVENTS else f" --queue {of}")
    return OperatorEvent(EventName.DEAD_LETTERS_GROWN, "queue", queue, said, look)


def data_through_late(data_through: dt.datetime, *, now: dt.datetime) -> OperatorEvent:
    minutes = (now - data_through).total_seconds() / 60
    said = f"figures are complete up to {data_through:%Y-%m-%d %H:%M} UTC, {counted(round(minutes), 'minute')} ago"
    return OperatorEvent(EventName.DATA_THROUGH_LATE, "figures", "data-through", said, "signtally ingest --json")


def mismatch(tenant_id: str, differences: int) -> OperatorEvent:
    said = f"figures of {tenant_id} contradict its events in {counted(differences, 'place')}: its scheduled sends wait"
    look = f"signtally reconcile --tenant {tenant_id}"
    return OperatorEvent(EventName.RECONCILE_MISMATCH, "tenant", tenant_id, said, look, tenant_id)


def profile_broken(tenant_id: str, problems: str) -> OperatorEvent:
    said = f"the stored profile of {tenant_id} is broken: {problems}"
    look = f"signtally tenants show {tenant_id}"
    return OperatorEvent(EventName.PROFILE_BROKEN, "tenant", tenant_id, said, look, tenant_id)


def store_unavailable(what: str, why: str) -> OperatorEvent:
    """*what* was being done when a service did not answer."""
    said = f"a service does not answer, and {what} is tried again: {why}"
    return OperatorEvent(EventName.STORE_UNAVAILABLE, "task", what, said, "signtally provision")


def _occurrence(key: DeliveryKey) -> str:
    return f"{key.tenant_id} / {key.schedule} / {key.period}"


def _of_delivery(name: EventName, key: DeliveryKey, said: str) -> OperatorEvent:
    about = f"{key.tenant_id}/{key.schedule}/{key.period}"
    look = f"signtally deliveries list --tenant {key.tenant_id}"
    return OperatorEvent(name, "delivery", about, said, look, key.tenant_id)


def _of_report(name: EventName, key: ReportKey, said: str) -> OperatorEvent:
    period = key.report_id.rpartition("-")[0]
    look = f"signtally report --tenant {key.tenant_id} --period {period} --format csv"
    return OperatorEvent(name, "report", f"{key.tenant_id}/{key.report_id}", said, look, key.tenant_id)
