"""Operator events as Prefect events: for automations, and in the event feed of the Prefect UI."""

import threading
import time

from prefect.events import emit_event
from prefect.settings import PREFECT_API_URL

from signtally.domain.operator_events import OperatorEvent

_QUIET_SECONDS = 600.0  # a broken profile is read every minute: told so often, it would hide what else happens
_MOST_REMEMBERED = 10_000
_told_at: dict[tuple[str, str, str], float] = {}
_lock = threading.Lock()


def emit(event: OperatorEvent) -> None:
    """Hand an event to Prefect, on a thread of Prefect's: the work never waits for the server, nor fails without it.

    The same about the same thing goes out once in ten minutes. Without a server (`PREFECT_API_URL`) nothing is sent.
    """
    if not PREFECT_API_URL.value() or not _is_news(event):
        return
    resource = {"prefect.resource.id": event.about, "prefect.resource.name": event.id}
    related = []
    if event.tenant_id is not None:
        tenant = {"prefect.resource.id": f"signtally.tenant.{event.tenant_id}", "prefect.resource.role": "tenant"}
        related.append({**tenant, "prefect.resource.name": event.tenant_id})
    emit_event(event.name, resource, related=related, payload={"said": event.said, "look": event.look})


def _is_news(event: OperatorEvent) -> bool:
    about, now = (event.name, event.about, event.said), time.monotonic()
    with _lock:
        if now - _told_at.get(about, -_QUIET_SECONDS) < _QUIET_SECONDS:
            return False
        if len(_told_at) >= _MOST_REMEMBERED:
            _told_at.clear()
        _told_at[about] = now
    return True
