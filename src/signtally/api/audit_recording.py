"""How endpoints record what they did: the dependency `Audit`."""

import logging
from typing import Annotated

from fastapi import Depends, Request
from pydantic import TypeAdapter

from signtally.api.auth import Caller
from signtally.api.context import ServicesDep
from signtally.domain.audit import AuditAction, AuditEntry
from signtally.ports.errors import ServiceError
from signtally.services import Services

_LONGEST_USER_AGENT = 300
_ENTRY = TypeAdapter(AuditEntry)
_log = logging.getLogger("signtally.audit")


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


def _recorder(request: Request, services: ServicesDep) -> AuditRecorder:
    return AuditRecorder(request, services)


Audit = Annotated[AuditRecorder, Depends(_recorder)]
