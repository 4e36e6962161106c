"""Digests: one email to each recipient of each due occurrence, and to nobody twice.

A recipient's entry in the ledger is claimed, then the message is handed to the mail service, then the outcome is
recorded. Whoever finds an entry leaves that recipient alone, so neither runs at once nor runs again send twice. What
is left are two windows, and both end with an email too few rather than one too many:

- a run that dies between claim and record leaves a claim: perhaps the message went out, perhaps not;
- a mail service that takes a message and never answers: the same.

Both are reported once as *in doubt*, for a person to look into. A service that surely did not take the message gets it
again: the claim is released, and the next run sends. A refused address is recorded and reported, once.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from email.message import EmailMessage
from urllib.parse import quote

from signtally.domain.reports import ReportManifest
from signtally.domain.schedules import Occurrence
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.tenants import Recipient, Schedule
from signtally.ports.errors import ServiceError
from signtally.ports.mail import MailRefusedError, MailUncertainError
from signtally.render.email import digest_message
from signtally.services import Services
from signtally.stores.deliveries import MailDelivery, MailState
from signtally.use_cases.occurrences import Owing, Round, as_of, delivery_key, label
from signtally.use_cases.report_figures import read_report
from signtally.use_cases.scheduling import current_report, make_scheduled_report

# A claim of that age belongs to nobody who is still sending.
_SENDING_LASTS_AT_MOST = dt.timedelta(minutes=15)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DigestsOutcome:
    """*due* and *waiting* are occurrences, *sent* emails; the rest maps who or what it is about to what happened."""

    due: int
    sent: int
    reports_made: int
    waiting: int  # in the hands of another run
    held: int  # occurrences of tenants whose figures do not match their events: they stay due
    refused: dict[str, str]
    in_doubt: dict[str, str]
    failures: dict[str, str]

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def run_digests(*, services: Services, now: dt.datetime | None = None) -> DigestsOutcome:
    """Email every occurrence that is due by *now* to its recipients; a report that is missing is made first.

    Any number of runs may go on at once. Raise OwedOccurrencesError, after everybody else was served, when a service
    failed for some: run it again.
    """
    then = as_of(services, now)
    owing = Owing("digests", _sends, services.stores.deliveries.closed_periods)
    going = Round(owing, services=then)
    post = _Post(services=services, then=then)
    going.go(services.stores.tenants.all(), post.deliver)
    return DigestsOutcome(
        due=going.due,
        sent=post.sent,
        reports_made=post.reports_made,
        waiting=post.waiting,
        held=going.held,
        refused=post.refused,
        in_doubt=post.in_doubt,
        failures=going.failures,
    )


def _sends(schedule: Schedule) -> bool:
    return schedule.digest and bool(schedule.recipients)


class _Post:
    """Sends the digests of one run and counts them; *then* is *services* with the clock at which it pretends to run."""

    def __init__(self, *, services: Services, then: Services) -> None:
        self.sent = self.reports_made = self.waiting = 0
        self.refused: dict[str, str] = {}
        self.in_doubt: dict[str, str] = {}
        self._services = services
        self._then = then
        self._deliveries = services.stores.deliveries

    def deliver(self, occurrence: Occurrence) -> bool:
        """Send what is unsent of one occurrence; return whether all of its recipients are dealt with."""
        if not self._has_report(occurrence):
            self.waiting += 1
            return False
        letters = self._letters(occurrence)
        settled, troubles = [], []
        for message, email in letters:
            try:
                settled.append(self._send(occurrence, message, email))
            except ServiceError as error:  # the other recipients' turn all the same: it may be this address alone
                troubles.append(error)
        if troubles:
            raise troubles[0]
        if not all(settled):
            self.waiting += 1
            return False
        self._deliveries.close_digest(delivery_key(occurrence), now=self._services.clock())
        return True

    def _has_report(self, occurrence: Occurrence) -> bool:
        """Make the report unless it is made; False while another run has it in hand."""
        key = delivery_key(occurrence)
        if self._deliveries.report(key) is not None:
            return True
        made = make_scheduled_report(occurrence, services=self._services, then=self._then)
        self.reports_made += made is not None
        return made is not None or self._deliveries.report(key) is not None

    def _letters(self, occurrence: Occurrence) -> list[tuple[EmailMessage, str]]:
        """Every recipient's message, made before any is claimed: one that cannot be made leaves nothing in doubt."""
        manifest, snapshot = self._figures(occurrence)
        settings = self._services.settings
        return [
            (
                digest_message(
                    snapshot,
                    schedule_name=occurrence.schedule.name,
                    recipient=recipient,
                    sender=settings.mail_from,
                    links=_links(manifest, public_url=settings.public_url),
                    page_url=settings.public_url,
                ),
                recipient.email,
            )
            for recipient in _distinct(occurrence.schedule.recipients)
        ]

    def _figures(self, occurrence: Occurrence) -> tuple[ReportManifest, UsageSnapshot]:
        """The report that the links open, and the same figures for the text."""
        manifest = current_report(occurrence, services=self._then)
        snapshot = read_report(occurrence.tenant, occurrence.period, services=self._then)
        if snapshot.fingerprint != manifest.fingerprint:  # restated between the two: the newer version is linked
            manifest = current_report(occurrence, services=self._then)
            snapshot = read_report(occurrence.tenant, occurrence.period, services=self._then)
        return manifest, snapshot

    def _send(self, occurrence: Occurrence, message: EmailMessage, email: str) -> bool:
        """Return whether this recipient is dealt with; False while another run has them in hand."""
        key = delivery_key(occurrence)
        earlier = self._deliveries.claim_mail(key, email, now=self._services.clock())
        if earlier is not None:
            return self._is_settled(occurrence, earlier)
        try:
            state, detail = MailState.SENT, self._services.mailer.send(message)
        except MailRefusedError as error:
            state, detail = MailState.REFUSED, str(error)
            self.refused[_about(occurrence, email)] = detail
        except MailUncertainError as error:
            state, detail = MailState.UNCERTAIN, str(error)
            self.in_doubt[_about(occurrence, email)] = detail
        except ServiceError:
            self._deliveries.release_mail(key, email)
            raise
        self.sent += state is MailState.SENT
        self._deliveries.record_mail(key, MailDelivery(email, state, self._services.clock(), detail))
        return True

    def _is_settled(self, occurrence: Occurrence, earlier: MailDelivery) -> bool:
        if earlier.state is not MailState.CLAIMED:
            return True
        now = self._services.clock()
        if now - earlier.at < _SENDING_LASTS_AT_MOST:
            return False
        detail = f"a run that began to send at {earlier.at.isoformat(timespec='seconds')} never said how it ended"
        self.in_doubt[_about(occurrence, earlier.email)] = detail
        self._deliveries.record_mail(
            delivery_key(occurrence), MailDelivery(earlier.email, MailState.UNCERTAIN, now, detail)
        )
        return True


def _distinct(recipients: Iterable[Recipient]) -> Iterable[Recipient]:
    """Each address once, however it is written."""
    return {recipient.email.casefold(): recipient for recipient in recipients}.values()


def _links(manifest: ReportManifest, *, public_url: str) -> dict[str, str]:
    """Addresses by format that ask the API for a signed URL when they are opened: an email carries no secret."""
    report = f"{public_url.rstrip('/')}/v1/reports/{quote(manifest.key.report_id, safe='')}"
    return {file.format: f"{report}/files/{file.format}" for file in manifest.files}


def _about(occurrence: Occurrence, email: str) -> str:
    return f"{label(occurrence)} / {email}"
