"""`Idempotency-Key` of an order: sent again under the same key, it is answered with the version that the first made."""

import hashlib
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel

from signtally.api.auth import Caller
from signtally.api.problems import ProblemError, ProblemKind
from signtally.domain.reports import ReportKey, ReportStatus
from signtally.services import Services
from signtally.stores.idempotency import KeyedRequest
from signtally.stores.reports import ReportMissingError, ReportState

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text of your own, such as a UUID: the same order under the same key is answered with the "
        "version that it led to the first time, whatever has changed since. Another order under it is a 422",
    ),
]


class OrderKey:
    """The idempotency key of one order, if it has one; keys of one user are nobody else's."""

    def __init__(self, key: str | None, order: BaseModel, *, caller: Caller, services: Services) -> None:
        self._key = None if key is None else f"{caller.user_id} {key}"
        self._fingerprint = hashlib.sha256(order.model_dump_json().encode()).hexdigest()
        self._tenant_id = caller.tenant_id
        self._services = services

    def earlier(self) -> ReportState | None:
        """What the first order under this key led to; None when this is the first, or its report failed or is gone.

        Raises ProblemError (422) when the first was another order.
        """
        known = self._services.stores.idempotency.find(self._tenant_id, self._key) if self._key else None
        if known is None:
            return None
        if known.fingerprint != self._fingerprint:
            raise ProblemError(
                ProblemKind.KEY_REUSED, "This Idempotency-Key was sent with another order. Take a new key for this one."
            )
        report_id, _, version = known.outcome.rpartition("/")
        key = ReportKey(self._tenant_id, report_id, int(version))
        try:
            state = self._services.stores.reports.state(key, now=self._services.clock())
        except ReportMissingError:
            return None
        return None if state.status is ReportStatus.FAILED else state

    def keep(self, state: ReportState) -> None:
        """Keep what this order has led to, for the next one under its key."""
        if self._key is not None:
            key, now = state.claim.key, self._services.clock()
            outcome = KeyedRequest(self._fingerprint, f"{key.report_id}/{key.version}", now)
            self._services.stores.idempotency.keep(self._tenant_id, self._key, outcome)
