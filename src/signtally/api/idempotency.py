"""`Idempotency-Key`: a request sent again under the same key is answered with what the first one has led to."""

import contextlib
import hashlib
from collections.abc import Iterator
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel

from signtally.api.auth import Caller
from signtally.api.problems import ProblemError, ProblemKind
from signtally.domain.reports import ReportKey, ReportStatus
from signtally.services import Services
from signtally.stores.idempotency import KeyedRequest
from signtally.stores.report_states import ReportMissingError, ReportState

_LONGEST, _FORM = 255, r"^[\x21-\x7e]+$"
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=_LONGEST,
        pattern=_FORM,
        description="Any text of your own, such as a UUID: the same order under the same key is answered with the "
        "version that it led to the first time, whatever has changed since. Another order under it is a 422. A key is "
        "known for 30 days",
    ),
]
SendingKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=_LONGEST,
        pattern=_FORM,
        description="Any text of your own, such as a UUID: the same request under the same key is answered as it was "
        "the first time, and nothing is sent again; while that one is being answered, a 409. Another request under it "
        "is a 422. A key is known for 30 days",
    ),
]


class RequestKey:
    """The idempotency key of one request, if it has one; keys of one user are nobody else's.

    *body* is in its canonical form; *about* tells requests apart that may have equal ones.
    """

    def __init__(self, key: str | None, body: BaseModel, *, about: str, caller: Caller, services: Services) -> None:
        self._key = None if key is None else f"{caller.user_id} {key}"
        self._fingerprint = hashlib.sha256(f"{about}{body.model_dump_json()}".encode()).hexdigest()
        self._tenant_id = caller.tenant_id
        self._services = services

    def earlier(self) -> str | None:
        """What the first request under this key has led to; None when this is the first.

        Raises ProblemError: 422 when the first was another request, 409 while it is being answered.
        """
        known = self._services.stores.idempotency.find(self._tenant_id, self._key) if self._key else None
        if known is None:
            return None
        if known.fingerprint != self._fingerprint:
            raise ProblemError(
                ProblemKind.KEY_REUSED,
                "This Idempotency-Key was sent with another request. Take a new key for this one.",
            )
        if known.is_under_way(self._services.clock()):
            raise _in_use()
        return known.outcome

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """While the request does what must not be done twice; then its outcome is to be kept.

        Raises ProblemError (409) when another request under this key is at it.
        """
        if self._key is None:
            yield
            return
        idempotency, begun = self._services.stores.idempotency, self._request(None)
        if not idempotency.begin(self._tenant_id, self._key, begun):
            raise _in_use()
        try:
            yield
        except BaseException:
            idempotency.release(self._tenant_id, self._key)
            raise

    def keep(self, outcome: str, *, instead_of: str | None = None) -> None:
        """Keep what this request has led to, for the next one under its key; *instead_of* what came to nothing."""
        if self._key is not None:
            kept = self._request(outcome)
            self._services.stores.idempotency.keep(self._tenant_id, self._key, kept, instead_of=instead_of)

    def _request(self, outcome: str | None) -> KeyedRequest:
        return KeyedRequest(self._fingerprint, outcome, self._services.clock())


def _in_use() -> ProblemError:
    return ProblemError(
        ProblemKind.KEY_IN_USE,
        "Another request under this Idempotency-Key is being answered. Send this one again in some seconds.",
        headers={"Retry-After": "20"},
    )


class OrderKey:
    """The idempotency key of an order: it leads to a version."""

    def __init__(self, key: str | None, order: BaseModel, *, caller: Caller, services: Services) -> None:
        self._request = RequestKey(key, order, about="", caller=caller, services=services)
        self._came_to_nothing: str | None = None
        self._tenant_id = caller.tenant_id
        self._services = services

    def earlier(self) -> ReportState | None:
        """What the first order under this key led to; None when this is the first, or its report failed or is gone.

        Raises ProblemError (422) when the first was another order.
        """
        outcome = self._request.earlier()
        if outcome is None:
            return None
        report_id, _, version = outcome.rpartition("/")
        key = ReportKey(self._tenant_id, report_id, int(version))
        with contextlib.suppress(ReportMissingError):
            state = self._services.stores.reports.state(key, now=self._services.clock())
            if state.status is not ReportStatus.FAILED:
                return state
        self._came_to_nothing = outcome
        return None

    def keep(self, state: ReportState) -> None:
        """Keep what this order has led to, for the next one under its key."""
        key = state.claim.key
        self._request.keep(f"{key.report_id}/{key.version}", instead_of=self._came_to_nothing)
