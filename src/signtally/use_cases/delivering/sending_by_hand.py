"""Digests by hand, through the same ledger as those that are due: preview, send now, send again."""

import dataclasses
import datetime as dt
import logging
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future, wait
from email.message import EmailMessage
from threading import Thread
from typing import Self

from signtally.domain.deliveries import NEEDS_A_PERSON, DeliveryKey, MailDelivery
from signtally.domain.destinations import Destination
from signtally.domain.mail_addresses import in_small_letters
from signtally.domain.periods import FuturePeriodError, Period, end_of_day, parse_period
from signtally.domain.redaction import without_secrets
from signtally.domain.schedule_terms import Recipient, Schedule, schedule_named
from signtally.domain.schedules import Occurrence, newest_over, occurrence_of
from signtally.domain.tenants import TenantProfile
from signtally.errors import SigntallyError
from signtally.ports.errors import ServiceError
from signtally.services import Services
from signtally.use_cases.delivering.correcting import remember_incomplete
from signtally.use_cases.delivering.digest_messages import DigestMessages, digest_at_once, made_digest
from signtally.use_cases.delivering.mail_sending import MailSending
from signtally.use_cases.delivering.readiness import Readiness
from signtally.use_cases.delivering.recipients import Addressed, addressed
from signtally.use_cases.delivering.scheduling import scheduled_request
from signtally.use_cases.delivering.withholding import Reason
from signtally.use_cases.ordering import request_report

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class SentByHand:
    """The occurrence that was sent, and what became of each recipient's email."""

    key: DeliveryKey
    deliveries: list[MailDelivery]

    @property
    def troubles(self) -> dict[str, dict[str, str]]:
        """By state and recipient, what a person must see."""
        return {
            str(state): {each.email: each.detail for each in self.deliveries if each.state is state}
            for state in NEEDS_A_PERSON
        }


class NoScheduleError(SigntallyError, LookupError):
    """The tenant has no schedule of this name."""

    @classmethod
    def of(cls, tenant_id: str, name: str, *, known: Iterable[str]) -> Self:
        """With the names that it has."""
        return cls(f"the tenant {tenant_id} has no schedule {name!r}; it has: {', '.join(known) or 'none'}")


def named_occurrence(tenant_id: str, schedule_name: str, *, period: str | None, services: Services) -> Occurrence:
    """The occurrence of a *period* such as `2026-10`; of the last one that is over, if None.

    Raises NoScheduleError, PeriodError or FuturePeriodError.
    """
    tenant = services.stores.tenants.get(tenant_id)
    schedule = schedule_named(schedule_name, tenant.schedules)
    if schedule is None:
        raise NoScheduleError.of(tenant_id, schedule_name, known=[each.name for each in tenant.schedules])
    chosen = None if period is None else parse_period(period, week_starts_on=tenant.first_weekday)
    return occurrence_by_hand(tenant, schedule, period=chosen, now=services.clock())


def occurrence_by_hand(
    tenant: TenantProfile, schedule: Schedule, *, period: Period | None, now: dt.datetime
) -> Occurrence:
    """The occurrence of *period*; of the last one that is over, if None. Raises FuturePeriodError."""
    chosen = period or newest_over(tenant, schedule, now=now)
    if end_of_day(chosen.last, tenant.zone) > now:
        raise FuturePeriodError(f"{chosen.name} is not over yet: a digest is of a whole period")
    return occurrence_of(tenant, schedule, chosen)


def preview(occurrence: Occurrence, *, services: Services, recipient: Recipient | None = None) -> EmailMessage:
    """The email as *recipient* would get it (the schedule's first, if None). Sends nothing and stores nothing.

    Raises what `read_report` raises.
    """
    reader = recipient or next(iter(occurrence.schedule.recipients), Recipient(email="recipient@example.com"))
    is_complete = _is_complete(occurrence, services=services)
    digest = digest_at_once(occurrence, services=services, is_complete=is_complete)
    return digest.preview(reader)


def preview_post(occurrence: Occurrence, destination: Destination, *, services: Services) -> bytes:
    """What would be posted to one of the schedule's destinations. Posts nothing and stores nothing."""
    is_complete = _is_complete(occurrence, services=services)
    digest = digest_at_once(occurrence, services=services, is_complete=is_complete)
    return digest.to_destination(destination).body


def send_now(  # noqa: PLR0913 -- one a choice of who asks
    occurrence: Occurrence,
    *,
    services: Services,
    requested_by: str,
    recipients: Collection[Recipient] = (),
    destinations: Collection[Destination] = (),
    again: bool = False,
    makes_report: bool = False,
    timeout: dt.timedelta | None = None,
) -> SentByHand:
    """Send an occurrence to *recipients* and *destinations* (all of the schedule's, without either), due or not.

    Who has got it already, or may have, gets it once more only with *again*; from whom a scheduled one is withheld,
    this one is too, and while nobody can say who is a member, it is deferred for users. The report is ordered, not
    waited for; it is made in this process when it *makes_report*. A mail server may be silent for minutes: after
    *timeout* (for ever, if None) the rest goes on in the background, and only what is known by then is returned. Raises
    what making raises, before anything is sent; a ServiceError when the mail service takes nothing.
    """
    is_complete = _is_complete(occurrence, services=services)
    if makes_report:
        digest = made_digest(occurrence, services=services, is_complete=is_complete)
    else:
        digest = digest_at_once(occurrence, services=services, is_complete=is_complete)
        request_report(scheduled_request(occurrence), requested_by=requested_by, services=services)
    if not recipients and not destinations:
        recipients, destinations = occurrence.schedule.recipients, occurrence.schedule.destinations
    if not is_complete:
        remember_incomplete(digest.key, digest.told(at=services.clock()), services=services)
    known = _as_scheduled(recipients, occurrence)
    sending = _SendingByHand(digest, services=services, again=again)
    sending.run(addressed(digest, known, destinations, services=services), timeout=timeout)
    return SentByHand(digest.key, [*sending.deliveries])


class _SendingByHand:
    """What has become of each recipient; who is withheld from is told so, whatever an earlier one came to."""

    def __init__(self, digest: DigestMessages, *, services: Services, again: bool) -> None:
        self.deliveries: list[MailDelivery] = []
        self._key = digest.key
        self._told = digest.told(at=services.clock())
        self._mails = MailSending(services=services)
        self._services = services
        self._again = again

    def run(self, messages: Sequence[Addressed], *, timeout: dt.timedelta | None) -> None:
        """Send to each in turn; with *timeout* in a thread, which is left to itself after that."""
        if timeout is None:
            self._send_all(messages)
            return
        work: Future[None] = Future()
        Thread(target=self._work, args=(messages, work), name="digest by hand", daemon=True).start()
        if wait([work], timeout=timeout.total_seconds()).done:
            work.result()

    def _work(self, messages: Sequence[Addressed], work: "Future[None]") -> None:
        try:
            self._send_all(messages)
        except Exception as error:  # noqa: BLE001 -- raised where somebody waits, and logged where nobody does
            _log.warning("a digest by hand was not sent to everybody: %s", without_secrets(str(error)))
            work.set_exception(error)
        else:
            work.set_result(None)

    def _send_all(self, messages: Sequence[Addressed]) -> None:
        for each in messages:
            try:
                reason = each.why_withheld()
            except ServiceError as error:  # nobody can say whether they may read it: the others get theirs
                self._mails.put_off(self._key, each.name, why=str(error), again=self._again, user_id=each.user_id)
                self._tell(each.name)
                continue
            if reason is None:
                self._send(each)
            else:
                self._withhold(each.name, reason)

    def _send(self, each: Addressed) -> None:
        self._mails.send_by_hand(
            self._key,
            each.name,
            each.message,
            again=self._again,
            told=self._told,
            user_id=each.user_id,
        )
        self._tell(each.name)

    def _withhold(self, recipient: str, reason: Reason) -> None:
        state, why = reason
        self._mails.withhold(self._key, recipient, state=state, detail=why, by_hand=True)
        self.deliveries.append(MailDelivery(recipient, state, self._services.clock(), why, by_hand=True))

    def _tell(self, recipient: str) -> None:
        if (delivery := self._services.stores.mail_deliveries.get(self._key, recipient)) is not None:
            self.deliveries.append(delivery)


def _as_scheduled(recipients: Iterable[Recipient], occurrence: Occurrence) -> list[Recipient]:
    """Whom an address names, where a schedule knows, this one first: an address alone cannot be asked after."""
    others = (each for schedule in occurrence.tenant.schedules for each in schedule.recipients if each.user_id)
    known = {in_small_letters(each.email): each for each in [*others, *occurrence.schedule.recipients]}
    return [known.get(in_small_letters(each.email), each) if each.user_id is None else each for each in recipients]


def _is_complete(occurrence: Occurrence, *, services: Services) -> bool:
    return Readiness(services=services, as_of=services.clock()).unready(occurrence) is None
