"""How endpoints record what they did: the dependency `Audit`."""

import datetime as dt
import logging
import threading
import time
from typing import Annotated

from fastapi import Depends, Request
from pydantic import TypeAdapter

from signtally.api.auth import Caller
from signtally.api.context import ServicesDep
from signtally.domain.audit import AuditAction, AuditEntry
from signtally.ports.errors import ServiceError
from signtally.services import Services

_LONGEST_USER_AGENT = 300
_MOST_LINKS_KEPT = 10_000
_ENTRY = TypeAdapter(AuditEntry)
_log = logging.getLogger("signtally.audit")


class GivenLinks:
    """Who was given the signed URLs of which version lately: one entry stands for all that are valid at once."""

    def __init__(self, valid_for: dt.timedelta) -> None:
        self._seconds = valid_for.total_seconds()
        self._until: dict[tuple[str, ...], float] = {}  # monotonic
        self._lock = threading.Lock()

    def begin(self, *about: str) -> bool:
        """Whether URLs of this are given for the first time while they last."""
        now = time.monotonic()
        with self._lock:
            if self._until.get(about, 0.0) > now:
                return False
            if len(self._until) >= _MOST_LINKS_KEPT:
                self._until.clear()  # the price is an entry too many
            self._until[about] = now + self._seconds
            return True


class AuditRecorder:
    """Records what the request at hand did, with where it came from."""

    def __init__(self, request: Request, services: Services) -> None:
        self._request = request
        self._services = services

    def record(self, caller: Caller, action: AuditAction, *, subject: str, **detail: str) -> None:
        """Record what *caller* has done to *subject*: call it after the fact. Never raises a ServiceError.

        What is done stays done: where the bucket does not take the entry, the log has it whole, as an error.
        """
        request = self._request
        if action is AuditAction.REPORT_LINKED and not self._is_first(caller, subject, **detail):
            return
        entry = AuditEntry(
            at=self._services.clock(),
            user_id=caller.user_id,
            role=str(caller.role),
            action=action,
            subject=subject,
            detail=detail,
            address=request.client.host if request.client else None,
            user_agent=request.headers.get("user-agent", "")[:_LONGEST_USER_AGENT] or None,
            request_id=request.state.request_id,
        )
        try:
            self._services.stores.audit.add(caller.tenant_id, entry)
        except ServiceError as error:
            lost = _ENTRY.dump_json(entry).decode()
            _log.error("the audit trail of %r lacks this entry (%s): %s", caller.tenant_id, error, lost)

    def _is_first(self, caller: Caller, report_id: str, **detail: str) -> bool:
        given: GivenLinks = self._request.app.state.given_links
        return given.begin(caller.tenant_id, caller.user_id, report_id, *detail.values())


async def _recorder(request: Request, services: ServicesDep) -> AuditRecorder:
    return AuditRecorder(request, services)


Audit = Annotated[AuditRecorder, Depends(_recorder)]
