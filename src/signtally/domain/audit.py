"""An audit entry: who did what to what in a tenant, when, and from where."""

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping


class AuditAction(enum.StrEnum):
    """What somebody did: the kind of thing, then the verb."""

    REPORT_ORDERED = "report.ordered"
    REPORT_LINKED = "report.linked"  # was given signed URLs of its files
    REPORT_DOWNLOADED = "report.downloaded"
    REPORT_DELETED = "report.deleted"
    DOCUMENTS_EXPORTED = "documents.exported"
    PROFILE_CHANGED = "profile.changed"
    SCHEDULE_CREATED = "schedule.created"
    SCHEDULE_CHANGED = "schedule.changed"
    SCHEDULE_DELETED = "schedule.deleted"
    DIGEST_SENT = "digest.sent"
    SUPPRESSION_LIFTED = "suppression.lifted"


@dataclasses.dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did; *subject* is what it was done to: a report's id, a schedule's name, a period."""

    at: dt.datetime  # aware, UTC
    user_id: str
    role: str
    action: AuditAction
    subject: str
    detail: Mapping[str, str] = dataclasses.field(default_factory=dict)  # what else there is to say, by name
    address: str | None = None  # the IP address of the one who asked; None: by a command
    user_agent: str | None = None  # what their program calls itself; anybody may claim anything
    request_id: str | None = None  # under which the log has it
