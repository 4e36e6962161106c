"""Erasures and offboardings that are due again: a day after the first time, or because they were broken off."""

import dataclasses

from signtally.domain.redaction import without_secrets
from signtally.errors import SigntallyError
from signtally.services import Services
from signtally.stores.erasures import DueErasure
from signtally.use_cases.erasing import erase
from signtally.use_cases.offboarding import offboard
from signtally.use_cases.pending_work import PendingWork


class ErasuresPendingError(SigntallyError):
    """Some could not be finished: they stay due."""


@dataclasses.dataclass(frozen=True, slots=True)
class DueErasuresOutcome:
    """By user (`acme / u_17`) or tenant, how many things were *changed*; *dropped* are tenants in use again."""

    changed: dict[str, int] = dataclasses.field(default_factory=dict)
    dropped: list[str] = dataclasses.field(default_factory=list)
    pending: dict[str, str] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Without what ports object, which may name somebody."""
        return {"changed": self.changed, "dropped": self.dropped, "pending": sorted(self.pending)}

    def require_all_done(self) -> None:
        """Raises ErasuresPendingError when something is pending."""
        if self.pending:
            about = without_secrets("\n".join(f"{name}: {reason}" for name, reason in sorted(self.pending.items())))
            raise ErasuresPendingError(f"erasures: {len(self.pending)} pending; they are tried again\n{about}")


def finish_erasures(*, services: Services) -> DueErasuresOutcome:
    """Take up everything that is due by now, each once; one that fails stops no other and stays due.

    Raises a ServiceError when the list cannot be read.
    """
    outcome = DueErasuresOutcome()
    pending = PendingWork(outcome.pending)
    for due in services.stores.erasures.due(services.clock()):
        if pending.is_hopeless:
            break
        name = due.tenant_id if due.user_id is None else f"{due.tenant_id} / {due.user_id}"
        with pending.attempt(name):
            changed = _taken_up(due, services=services)
            if changed is None:
                outcome.dropped.append(name)
            else:
                outcome.changed[name] = sum(changed.values())
    return outcome


def _taken_up(due: DueErasure, *, services: Services) -> dict[str, int] | None:
    """What it changed; None for a tenant that somebody took out of its suspension: it is left alone for good."""
    if due.user_id is not None:
        return erase(due.tenant_id, due.user_id, services=services).changed
    record = services.stores.erasures.record(due.tenant_id, None)
    is_suspended = services.stores.tenants.get(due.tenant_id).status == "suspended"
    if record is not None and record.finished_at is not None and not is_suspended:
        services.stores.erasures.plan(due.tenant_id, None, at=None)
        return None
    return offboard(due.tenant_id, services=services).deleted
