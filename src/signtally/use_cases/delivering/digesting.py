"""Digests: one email to each recipient of each due occurrence, and to nobody twice (see `mail_sending`)."""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence

from signtally.domain.corrections import correction_number
from signtally.domain.deliveries import MailState
from signtally.domain.schedules import Occurrence
from signtally.services import Services
from signtally.stores.deliveries import LedgerPeriods, PassedOver
from signtally.stores.mail_rates import MailCount
from signtally.use_cases.delivering.correcting import remember_incomplete, send_corrections
from signtally.use_cases.delivering.deferred_mails import retry_deferred
from signtally.use_cases.delivering.digest_messages import DigestMessages, made_digest
from signtally.use_cases.delivering.due import DeliveryKind, delivery_key, remember_done, tenants_with_due
from signtally.use_cases.delivering.mail_sending import MailSending
from signtally.use_cases.delivering.passing_over import why_passed_over
from signtally.use_cases.delivering.recipients import send_to_each
from signtally.use_cases.delivering.run import DeliveryRun, Reading, merged, require_all_well
from signtally.use_cases.delivering.scheduling import ReportWithFigures, current_report, make_scheduled_report


def _begun(known: LedgerPeriods) -> frozenset[str]:
    """Corrected ones have reminders of their own; what was sent by hand alone has no report in the ledger."""
    return frozenset(name for name in known.begun & known.reported if not correction_number(name)[1])


KIND = DeliveryKind(
    "digests",
    applies_to=lambda schedule: schedule.sends_digests,
    delivered=lambda known: known.closed,
    first=lambda known: known.first_digest,
    begun=_begun,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DigestsOutcome:
    """*due*, *waiting*, *held*, *missed*, *suspended*, *empty* and *not_needed* count occurrences, *sent* emails.

    The dicts say by occurrence or recipient why: *passed_over* are missed ones that share one record, *incomplete* and
    *overdue* wait for complete figures, *pending* for a service; *deferred* emails are tried again.
    """

    due: int
    sent: int
    reports_made: int
    corrected: int  # digests that replace earlier ones; their emails are among those sent
    waiting: int  # with another run
    held: int  # of tenants on hold: they stay due
    missed: int  # passed over, as their schedules say
    suspended: int  # passed over, because their tenants are
    empty: int  # passed over, because nothing happened
    not_needed: int  # passed over, because their conditions do not hold
    passed_over: dict[str, str]
    incomplete: dict[str, str]
    overdue: dict[str, str]
    deferred: dict[str, str]
    unsubscribed: dict[str, str]
    suppressed: dict[str, str]
    refused: dict[str, str]
    in_doubt: dict[str, str]
    gave_up: dict[str, str]
    pending: dict[str, str]
    failures: dict[str, str]
    done: dict[str, str] = dataclasses.field(default_factory=dict)  # for `record_digests`

    def as_dict(self) -> dict[str, object]:
        """What it says to a person."""
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "done"}

    @classmethod
    def merge(cls, outcomes: Iterable["DigestsOutcome"]) -> "DigestsOutcome":
        """Of runs for different tenants."""
        return cls(**merged(cls, outcomes))

    def require_all_well(self) -> None:
        """Raises DeliveriesFailedError when something is refused, in doubt, given up, overdue, pending or failed."""
        names = ("failures", "refused", "in_doubt", "gave_up", "overdue", "pending")
        require_all_well("digests", {name: getattr(self, name) for name in names})


def tenants_with_due_digests(*, services: Services) -> list[str]:
    """Those for whom `run_digests` may have something to send."""
    return tenants_with_due(KIND, services=services)


def record_digests(done: dict[str, str], *, services: Services) -> None:
    """Remember what `run_digests` found done for some tenants, so that it is not looked up again."""
    remember_done(KIND, done, services=services)


def run_digests(
    *, services: Services, as_of: dt.datetime | None = None, tenant_ids: Sequence[str] | None = None
) -> DigestsOutcome:
    """Email every occurrence that is due by *as_of* (now, if None) to its recipients; make missing reports first.

    Of all tenants, and then all deferred emails once more and what corrects earlier ones; or of the tenants named
    alone. Any number of runs may overlap. What fails is in the outcome, never raised, unless not even the profiles can
    be read.
    """
    run = DeliveryRun(KIND, services=services, as_of=as_of, tenant_ids=tenant_ids)
    sender = DigestSender(services=services, as_of=as_of)
    run.run(sender.deliver)
    if tenant_ids is None:
        _follow_up(run, sender, services=services)
    return _outcome(run, sender, services=services)


def send_deferred(*, services: Services) -> DigestsOutcome:
    """Try every deferred email again whose pause is over, and send what corrects earlier ones.

    For whoever calls `run_digests` tenant by tenant.
    """
    run, sender = DeliveryRun(KIND, services=services), DigestSender(services=services, as_of=None)
    _follow_up(run, sender, services=services)
    return _outcome(run, sender, services=services)


def _follow_up(run: DeliveryRun, sender: "DigestSender", *, services: Services) -> None:
    retry_deferred(sender.mails, services=services, pending=run.pending)
    sender.corrected = send_corrections(sender.mails, services=services, pending=run.pending, profiles=run.profiles)


def _outcome(run: DeliveryRun, sender: "DigestSender", *, services: Services) -> DigestsOutcome:
    outcomes = sender.mails.outcomes
    if sent := len(outcomes[MailState.SENT]):
        services.stores.mail_rates.add(MailCount(sent=sent), now=services.clock())
    return DigestsOutcome(
        due=run.due,
        sent=len(outcomes[MailState.SENT]),
        reports_made=sender.reports_made,
        corrected=sender.corrected,
        waiting=sender.waiting,
        held=run.held,
        missed=run.missed,
        suspended=run.suspended,
        passed_over=run.passed_over,
        empty=sender.passed[PassedOver.EMPTY],
        not_needed=sender.passed[PassedOver.NOT_NEEDED],
        incomplete=run.incomplete,
        overdue=run.overdue,
        deferred=outcomes[MailState.DEFERRED],
        unsubscribed=outcomes[MailState.UNSUBSCRIBED],
        suppressed=outcomes[MailState.SUPPRESSED],
        refused=outcomes[MailState.REFUSED],
        in_doubt=outcomes[MailState.IN_DOUBT],
        gave_up=outcomes[MailState.GAVE_UP],
        pending=run.pending | sender.mails.unchecked,
        failures=run.failures,
        done=run.done,
    )


class DigestSender:
    """Sends the digests of one run and counts them; the emails say what is known at *as_of* (now, if None)."""

    def __init__(self, *, services: Services, as_of: dt.datetime | None) -> None:
        self.reports_made = self.waiting = self.corrected = 0
        self.passed: Counter[PassedOver] = Counter()
        self.mails = MailSending(services=services)
        self._services = services
        self._as_of = as_of
        self._deliveries = services.stores.deliveries

    def deliver(self, occurrence: Occurrence, reading: Reading, is_complete: bool) -> bool:  # noqa: FBT001 -- as `Deliver` has it
        """Send one occurrence's outstanding emails; return whether every recipient is dealt with, or deferred."""
        key = delivery_key(occurrence)
        is_made = self._deliveries.report(key) is not None
        if not is_made and (why := self._why_passed_over(occurrence, reading)):
            self._deliveries.pass_over(key, now=self._services.clock(), why=why)
            self.passed[why] += 1
            return True
        report = None if is_made else self._make_report(occurrence, reading)
        if report is None and not is_made and self._deliveries.report(key) is None:
            self.waiting += 1  # another run is making it
            return False
        digest = self._digest(occurrence, reading, report=report, is_complete=is_complete)
        told = digest.told(at=self._services.clock())
        if not is_complete:
            remember_incomplete(key, told, services=self._services)
        if not send_to_each(digest, self.mails, services=self._services):
            self.waiting += 1
            return False
        self._deliveries.close_digest(key, told=told)
        return True

    @staticmethod
    def _why_passed_over(occurrence: Occurrence, reading: Reading) -> PassedOver | None:
        return why_passed_over(occurrence, services=reading.services.at(reading.at))

    def _make_report(self, occurrence: Occurrence, reading: Reading) -> ReportWithFigures | None:
        """None when another run is making or has made it."""
        made = make_scheduled_report(occurrence, services=reading.services, as_of=reading.at)
        self.reports_made += made is not None
        return made

    def _digest(
        self, occurrence: Occurrence, reading: Reading, *, report: ReportWithFigures | None, is_complete: bool
    ) -> DigestMessages:
        """From the figures at hand; where they were restated since, from new ones."""
        report = report or current_report(occurrence, services=reading.services.at(reading.at))
        now = self._services.at(self._as_of)
        return made_digest(occurrence, report=report, services=now, is_complete=is_complete)
