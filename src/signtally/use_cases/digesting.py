"""Digests: one email to each recipient of each due occurrence, and to nobody twice.

Each recipient has an entry in the ledger: it is claimed, then the message is handed to the mail service, then the
outcome is recorded. A run that finds an entry skips that recipient, so neither overlapping nor repeated runs send
twice. Two gaps remain, and both end with one email too few rather than one too many:

- a run dies between claim and record: the message may or may not have gone out;
- a mail service takes a message and never answers: the same.

Both are reported once as *in doubt*, for a person to look into. When a service surely did not take the message, the
claim is released and the next run sends it. A refused address is recorded and reported, once.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
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
from signtally.use_cases.delivery_run import DeliveryKind, DeliveryRun, Reading, delivery_key, label, tenants_with_due
from signtally.use_cases.report_figures import read_report
from signtally.use_cases.scheduling import current_report, make_scheduled_report

# A lease: a claim older than this belongs to a run that has died.
_SENDING_LEASE = dt.timedelta(minutes=15)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DigestsOutcome:
    """*due*, *waiting* and *held* count occurrences, *sent* emails; the dicts say by occurrence or recipient why."""

    due: int
    sent: int
    reports_made: int
    waiting: int  # with another run
    held: int  # of tenants on hold: they stay due
    refused: dict[str, str]
    in_doubt: dict[str, str]
    failures: dict[str, str]
    done: dict[str, str] = dataclasses.field(default_factory=dict)  # for `record_digests`

    def as_dict(self) -> dict[str, object]:
        return {name: figure for name, figure in dataclasses.asdict(self).items() if name != "done"}

    @classmethod
    def merge(cls, outcomes: Iterable["DigestsOutcome"]) -> "DigestsOutcome":
        """Of runs for different tenants."""
        each = [*outcomes]
        return cls(
            due=sum(one.due for one in each),
            sent=sum(one.sent for one in each),
            reports_made=sum(one.reports_made for one in each),
            waiting=sum(one.waiting for one in each),
            held=sum(one.held for one in each),
            refused={label: why for one in each for label, why in one.refused.items()},
            in_doubt={label: why for one in each for label, why in one.in_doubt.items()},
            failures={label: why for one in each for label, why in one.failures.items()},
            done={schedule: period for one in each for schedule, period in one.done.items()},
        )


def tenants_with_due_digests(*, services: Services) -> list[str]:
    """Those for whom `run_digests` may have something to send."""
    return tenants_with_due(_kind(services), services=services)


def record_digests(done: dict[str, str], *, services: Services) -> None:
    """Remember what `run_digests` found done for some tenants, so that it is not looked up again."""
    services.stores.done_occurrences(_kind(services).name).record(done)


def run_digests(
    *, services: Services, as_of: dt.datetime | None = None, tenant_ids: Sequence[str] | None = None
) -> DigestsOutcome:
    """Email every occurrence that is due by *as_of* (now, if None) to its recipients; make missing reports first.

    Of all tenants, or of those named. Any number of runs may overlap. Raises DeliveriesPendingError, after every other
    tenant was served, when a service failed for some: run it again.
    """
    run = DeliveryRun(_kind(services), services=services, as_of=as_of, tenant_ids=tenant_ids)
    sender = DigestSender(services=services, as_of=as_of)
    run.run(sender.deliver)
    return DigestsOutcome(
        due=run.due,
        sent=sender.sent,
        reports_made=sender.reports_made,
        waiting=sender.waiting,
        held=run.held,
        refused=sender.refused,
        in_doubt=sender.in_doubt,
        failures=run.failures,
        done=run.done,
    )


def _kind(services: Services) -> DeliveryKind:
    return DeliveryKind("digests", _sends_digests, services.stores.deliveries.closed_periods)


def _sends_digests(schedule: Schedule) -> bool:
    return schedule.digest and bool(schedule.recipients)


class DigestSender:
    """Sends the digests of one run and counts them; the emails say what is known at *as_of* (now, if None)."""

    def __init__(self, *, services: Services, as_of: dt.datetime | None) -> None:
        self.sent = self.reports_made = self.waiting = 0
        self.refused: dict[str, str] = {}
        self.in_doubt: dict[str, str] = {}
        self._services = services
        self._as_of = as_of
        self._deliveries = services.stores.deliveries

    def deliver(self, occurrence: Occurrence, reading: Reading) -> bool:
        """Send one occurrence's outstanding emails; return whether every recipient is dealt with."""
        if not self._has_report(occurrence, reading):
            self.waiting += 1
            return False
        dealt_with, errors = [], []
        for message, email in self._render_messages(occurrence, reading):
            try:
                dealt_with.append(self._send(occurrence, message, email))
            except ServiceError as error:  # go on with the other recipients: it may be this address alone
                errors.append(error)
        if errors:
            raise errors[0]
        if not all(dealt_with):
            self.waiting += 1
            return False
        self._deliveries.close_digest(delivery_key(occurrence), now=self._services.clock())
        return True

    def _has_report(self, occurrence: Occurrence, reading: Reading) -> bool:
        """Make the report unless it is made; False while another run is making it."""
        key = delivery_key(occurrence)
        if self._deliveries.report(key) is not None:
            return True
        made = make_scheduled_report(occurrence, services=reading.services, as_of=reading.at)
        self.reports_made += made is not None
        return made is not None or self._deliveries.report(key) is not None

    def _render_messages(self, occurrence: Occurrence, reading: Reading) -> list[tuple[EmailMessage, str]]:
        """Every recipient's message, rendered before any is claimed: a failure here leaves nothing in doubt."""
        manifest, snapshot = self._figures(occurrence, reading)
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

    def _figures(self, occurrence: Occurrence, reading: Reading) -> tuple[ReportManifest, UsageSnapshot]:
        """The report that the links open, and a snapshot of the same figures for the email's text."""
        services = reading.services.at(reading.at)
        manifest = current_report(occurrence, services=services)
        tenant = occurrence.tenant.in_language(occurrence.schedule.locale)
        snapshot = read_report(tenant, occurrence.period, services=services)
        if snapshot.fingerprint != manifest.fingerprint:  # restated between the two: the newer version is linked
            services = self._services.at(self._as_of)
            manifest = current_report(occurrence, services=services)
            snapshot = read_report(tenant, occurrence.period, services=services)
        return manifest, snapshot

    def _send(self, occurrence: Occurrence, message: EmailMessage, email: str) -> bool:
        """Send to one recipient unless that was done; return False while another run is sending to them."""
        key = delivery_key(occurrence)
        earlier = self._deliveries.claim_mail(key, email, now=self._services.clock())
        if earlier is not None:
            return self._is_dealt_with(occurrence, earlier)
        try:
            state, detail = MailState.SENT, self._services.mailer.send(message)
        except MailRefusedError as error:
            state, detail = MailState.REFUSED, str(error)
            self.refused[_recipient_label(occurrence, email)] = detail
        except MailUncertainError as error:
            state, detail = MailState.UNCERTAIN, str(error)
            self.in_doubt[_recipient_label(occurrence, email)] = detail
        except ServiceError:
            self._deliveries.release_mail(key, email)
            raise
        self.sent += state is MailState.SENT
        self._deliveries.record_mail(key, MailDelivery(email, state, self._services.clock(), detail))
        return True

    def _is_dealt_with(self, occurrence: Occurrence, earlier: MailDelivery) -> bool:
        """Whether an earlier attempt has an outcome; a claim that has lapsed is recorded as in doubt."""
        if earlier.state is not MailState.CLAIMED:
            return True
        now = self._services.clock()
        if now - earlier.at < _SENDING_LEASE:
            return False
        detail = f"a run that began to send at {earlier.at.isoformat(timespec='seconds')} never said how it ended"
        self.in_doubt[_recipient_label(occurrence, earlier.email)] = detail
        self._deliveries.record_mail(
            delivery_key(occurrence), MailDelivery(earlier.email, MailState.UNCERTAIN, now, detail)
        )
        return True


def _distinct(recipients: Iterable[Recipient]) -> Iterable[Recipient]:
    """Each address once, whatever its capitals."""
    return {recipient.email.casefold(): recipient for recipient in recipients}.values()


def _links(manifest: ReportManifest, *, public_url: str) -> dict[str, str]:
    """Links by format; opening one asks the API for a signed URL, so that an email carries no secret."""
    report = f"{public_url.rstrip('/')}/v1/reports/{quote(manifest.key.report_id, safe='')}"
    return {file.format: f"{report}/files/{file.format}" for file in manifest.files}


def _recipient_label(occurrence: Occurrence, email: str) -> str:
    return f"{label(occurrence)} / {email}"
