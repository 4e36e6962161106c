"""The emails of one occurrence: its figures read once, and a message for each recipient."""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterable
from email.message import EmailMessage
from urllib.parse import quote

from signtally.domain.corrections import Told, corrected_name
from signtally.domain.deliveries import DeliveryKey
from signtally.domain.destinations import Destination
from signtally.domain.reports import ReportManifest, ordered_formats
from signtally.domain.schedule_terms import Recipient
from signtally.domain.schedules import Occurrence
from signtally.domain.snapshot import UsageSnapshot
from signtally.ports.webhooks import WebhookMessage
from signtally.render.attachments import Attachments
from signtally.render.channels import channel_body
from signtally.render.email import DigestContext, digest_message
from signtally.services import Services
from signtally.use_cases.delivering.attaching import plan_attachments
from signtally.use_cases.delivering.due import delivery_key
from signtally.use_cases.delivering.scheduling import ReportWithFigures, current_report, scheduled_request
from signtally.use_cases.delivering.told_figures import changed_periods
from signtally.use_cases.delivering.unsubscribing import unsubscribe_url
from signtally.use_cases.figures import read_report

_ID_CHARACTERS = 32


@dataclasses.dataclass(frozen=True, slots=True)
class DigestMessages:
    """What every recipient of an occurrence reads, and where its files are."""

    occurrence: Occurrence
    snapshot: UsageSnapshot
    context: DigestContext
    attachments: Attachments
    number: int = 0  # of a corrected digest; 0: the digest itself

    @property
    def key(self) -> DeliveryKey:
        """Where it stands in the ledger."""
        key = delivery_key(self.occurrence)
        return dataclasses.replace(key, period=corrected_name(key.period, self.number))

    def told(self, *, at: dt.datetime) -> Told:
        """What whoever gets one of them *at* that time reads."""
        earlier = {changed.name: changed.now for changed in self.context.earlier}
        return Told(self.snapshot.totals, at, self.context.is_complete, earlier)

    def replacing(self, told: Told, *, number: int) -> "DigestMessages":
        """The same as the corrected digest of this number, which says what has changed since the one before."""
        return dataclasses.replace(self, number=number, context=dataclasses.replace(self.context, replaces=told))

    def to(self, recipient: Recipient, *, services: Services) -> EmailMessage:
        url = unsubscribe_url(self.occurrence.tenant.tenant_id, recipient.email, services=services)
        return self._message(recipient, unsubscribe_url=url)

    def to_destination(self, destination: Destination) -> WebhookMessage:
        """What is posted; it has the same id however often it is."""
        about = "\0".join([*dataclasses.astuple(self.key), destination.label.casefold()])
        return WebhookMessage(
            id=f"msg_{hashlib.sha256(about.encode()).hexdigest()[:_ID_CHARACTERS]}",
            url=destination.url,
            body=channel_body(self.snapshot, context=self.context, kind=destination.kind),
            secret=destination.secret,
        )

    def preview(self, recipient: Recipient) -> EmailMessage:
        """The same without a link that would unsubscribe anybody."""
        return self._message(recipient, unsubscribe_url=f"{self.context.page_url.rstrip('/')}/v1/unsubscribe")

    def _message(self, recipient: Recipient, *, unsubscribe_url: str) -> EmailMessage:
        message = digest_message(
            self.snapshot, context=self.context, recipient=recipient, unsubscribe_url=unsubscribe_url
        )
        return self.attachments.add_to(message)


def made_digest(
    occurrence: Occurrence,
    *,
    services: Services,
    report: ReportWithFigures | None = None,
    is_complete: bool = True,
) -> DigestMessages:
    """The messages of an occurrence whose report is made first, so that they say the same as the files.

    *report* is the one that was just made, or found by figures that were read ahead; *services* are asked where they
    have changed since. Raises what `report_now` and `read_report` raise.
    """
    manifest, snapshot = report or current_report(occurrence, services=services)
    if snapshot.fingerprint != manifest.fingerprint:  # restated since: the newer version is linked
        manifest, snapshot = current_report(occurrence, services=services)
    return _messages(occurrence, snapshot, manifest=manifest, services=services, is_complete=is_complete)


def digest_at_once(occurrence: Occurrence, *, services: Services, is_complete: bool = True) -> DigestMessages:
    """The same where nobody waits for files: those that are there, and still say what is so, are attached.

    Links go to the report's address. Makes and writes nothing.
    """
    snapshot, request = _figures(occurrence, services=services), scheduled_request(occurrence)
    reports = services.stores.reports
    manifest = reports.latest_manifest(request.tenant_id, request.report_id)
    if manifest is not None and (manifest.fingerprint != snapshot.fingerprint or not reports.has_all_files(manifest)):
        manifest = None
    return _messages(occurrence, snapshot, manifest=manifest, services=services, is_complete=is_complete)


def _figures(occurrence: Occurrence, *, services: Services) -> UsageSnapshot:
    tenant = occurrence.tenant.in_language(occurrence.schedule.locale)
    return read_report(tenant, occurrence.period, services=services)


def _messages(
    occurrence: Occurrence,
    snapshot: UsageSnapshot,
    *,
    manifest: ReportManifest | None,
    services: Services,
    is_complete: bool,
) -> DigestMessages:
    settings, schedule = services.settings, occurrence.schedule
    if manifest is not None:  # perhaps made before this email, from equal figures: both say the same instant
        snapshot = dataclasses.replace(snapshot, data_through=manifest.data_through)
    plan = plan_attachments(schedule, manifest)
    context = DigestContext(
        schedule_name=schedule.name,
        sender=settings.mail_from,
        reply_to=settings.mail_reply_to,
        links=_links(scheduled_request(occurrence).report_id, schedule.formats, public_url=settings.public_url),
        page_url=settings.public_url,
        is_complete=is_complete,
        too_large=plan.too_large,
        not_made=plan.not_made,
        condition=schedule.condition,
        earlier=tuple(changed_periods(occurrence, snapshot, services=services)),
    )
    return DigestMessages(occurrence, snapshot, context, plan.read(services=services))


def _links(report_id: str, formats: Iterable[str], *, public_url: str) -> dict[str, str]:
    """Links by format; opening one asks the API for a signed URL, so that an email carries no secret."""
    report = f"{public_url.rstrip('/')}/v1/reports/{quote(report_id, safe='')}"
    return {name: f"{report}/files/{name}" for name in ordered_formats(formats)}
