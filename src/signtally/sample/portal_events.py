"""One event of the sample's portal, and its CloudEvents JSON."""

import dataclasses
import datetime as dt
import json

from signtally.sample.tenants import SampleTenant

# Spelled out rather than taken from the product: what is expected must not come from what is tested.
EVENT_TYPES = {
    "sent": "document.sent",
    "received": "request.received",
    "viewed": "document.viewed",
    "signed": "document.signed",
    "completed": "document.completed",
    "declined": "request.declined",
    "cancelled": "document.cancelled",
    "expired": "document.expired",
}


@dataclasses.dataclass(frozen=True, slots=True)
class PortalEvent:
    """A good event; *tenant* is the one in whose account the action counts, whoever owns the document."""

    occurred_at: dt.datetime  # UTC, whole milliseconds
    action: str
    tenant: SampleTenant
    user_id: str
    user_name: str | None
    user_email: str | None
    document_id: str
    source: str
    id: str
    sent_at: dt.datetime | None = None
    with_local_offset: bool = False  # the portal writes some times as +05:45, most as Z

    def fields(self) -> dict[str, object]:
        """The CloudEvent as a JSON object."""
        data: dict[str, object] = {
            "tenant_id": self.tenant.tenant_id,
            "user_id": self.user_id,
            "document_id": self.document_id,
        }
        if self.user_email is not None:
            data["user_email"] = self.user_email
        if self.user_name is not None:
            data["user_name"] = self.user_name
        if self.sent_at is not None:
            data["sent_at"] = self._spelled(self.sent_at)
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": EVENT_TYPES[self.action],
            "time": self._spelled(self.occurred_at),
            "subject": self.document_id,
            "data": data,
        }

    def _spelled(self, instant: dt.datetime) -> str:
        if self.with_local_offset:
            return instant.astimezone(self.tenant.zone).isoformat(timespec="milliseconds")
        return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def compact_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
