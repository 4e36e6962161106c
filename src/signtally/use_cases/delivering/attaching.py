"""Which of a report's files its emails carry: those that a mailbox surely takes; the others are linked alone."""

import dataclasses

from signtally.domain.reports import ReportFile, ReportManifest
from signtally.domain.schedule_terms import Schedule
from signtally.render.attachments import AttachedFile, Attachments
from signtally.services import Services

ATTACHMENT_LIMIT_BYTES = 5_000_000  # of an email's files together; encoded they take a third more


@dataclasses.dataclass(frozen=True, slots=True)
class AttachmentPlan:
    """What is attached, and the formats that are not: too large, or not made when the email was."""

    attached: tuple[ReportFile, ...] = ()
    too_large: tuple[str, ...] = ()
    not_made: tuple[str, ...] = ()

    def read(self, *, services: Services) -> Attachments:
        """The files themselves. Raises ObjectMissingError when one is gone."""
        return Attachments(
            AttachedFile(file.format, file.filename, services.objects.get(file.key).body) for file in self.attached
        )


def plan_attachments(schedule: Schedule, manifest: ReportManifest | None) -> AttachmentPlan:
    """As many files as stay below the limit together, in order; *manifest* is None before any is made."""
    if not schedule.attach:
        return AttachmentPlan()
    if manifest is None:
        return AttachmentPlan(not_made=tuple(schedule.formats))
    attached: list[ReportFile] = []
    for file in manifest.files:
        if sum(each.size_bytes for each in attached) + file.size_bytes < ATTACHMENT_LIMIT_BYTES:
            attached.append(file)
    too_large = tuple(file.format for file in manifest.files if file not in attached)
    return AttachmentPlan(tuple(attached), too_large)
