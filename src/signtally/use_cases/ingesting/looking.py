"""When a run looks at the queue, alone or together with others, and what it makes of what it sees."""

import datetime as dt
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.queue import QueueDepth
from signtally.stores.joint_looks import Call
from signtally.use_cases.ingesting.custody import Custody
from signtally.use_cases.ingesting.freshness import Look
from signtally.use_cases.ingesting.joint_look import Invitation, JointLook
from signtally.use_cases.ingesting.pace import IngestPace
from signtally.use_cases.ingesting.workers import Workers

log = logging.getLogger(__name__)
Result = TypeVar("Result")

LOOK, CALL = "look", "call"


class Looking:
    """Touched by the owner of the run's state only.

    A look needs stillness: no receive and no delete under way, so that what we hold is what the queue counts as ours.
    *then* is called after each look with what it saw.
    """

    def __init__(
        self,
        workers: Workers,
        custody: Custody,
        joint: JointLook,
        *,
        pace: IngestPace,
        then: Callable[[Look], None],
    ) -> None:
        self._workers = workers
        self._custody = custody
        self._joint = joint
        self._pace = pace
        self._then = then
        self._invitation: Invitation | None = None
        self._empty_at: dt.datetime | None = None  # when the latest long poll that came back empty was asked for
        self._has_looked = False  # since then
        self._sees_others = False  # the latest look saw more in flight than we hold
        self._looked_at = self._asked_at = time.monotonic()

    def found_nothing(self, asked_at: dt.datetime) -> None:
        """A long poll came back empty."""
        self._empty_at = max(asked_at, self._empty_at or asked_at)
        self._has_looked = False

    def needs_stillness(self, *, seems_drained: bool) -> bool:
        """Whether receives and deletes have to rest: now and then, when the queue seems drained, when others call."""
        now = time.monotonic()
        if self._invitation is not None and now >= self._invitation.hold_still_at:
            return True
        is_due = now - self._looked_at >= self._pace.look_seconds
        return self._workers.busy(LOOK) > 0 or is_due or (seems_drained and not self._has_looked)

    def start(self) -> None:
        """Look, now that everything is still."""
        if self._workers.busy(LOOK):
            return
        invitation = self._invitation
        if invitation is None or time.monotonic() < invitation.hold_still_at:
            self._workers.start(LOOK, self._joint.depth, self._looked_alone)
            return
        holdings = self._custody.holdings(now=time.monotonic(), empty_at=self._empty_at)
        if invitation.is_ours:
            conduct = partial(_or_none, partial(self._joint.conduct, invitation, holdings))
            self._workers.start(LOOK, conduct, self._looked_together)
        else:
            attend = partial(_or_none, partial(self._joint.attend, invitation, holdings))
            self._workers.start(LOOK, attend, self._attended)

    def start_asking(self) -> None:
        """Ask whether another run calls, or call, as long as somebody else holds messages."""
        now = time.monotonic()
        is_due = self._sees_others and self._invitation is None and now - self._asked_at >= self._pace.notice_seconds
        if is_due and not self._workers.busy(CALL):
            self._asked_at = now
            self._workers.start(CALL, partial(_or_none, self._joint.invitation), self._asked)

    def _asked(self, invitation: Invitation | None) -> None:
        self._invitation = invitation

    def _looked_alone(self, depth: QueueDepth) -> None:
        now = time.monotonic()
        look = Look(depth, [self._custody.holdings(now=now, empty_at=self._empty_at)])
        self._has_looked, self._looked_at, self._sees_others = True, now, not look.shows_all_in_hand
        self._conclude(look)

    def _looked_together(self, look: Look | None) -> None:
        self._invitation = None
        if look is not None:
            self._conclude(look)

    def _attended(self, call: Call | None) -> None:
        self._invitation = None
        if call is not None and call.shows_empty:
            self._custody.forget_left(now=time.monotonic())

    def _conclude(self, look: Look) -> None:
        if look.shows_empty_queue:
            self._custody.forget_left(now=time.monotonic())
        self._then(look)


def _or_none(work: Callable[[], Result]) -> Result | None:
    """A joint look that fails is one that says nothing: the next one may."""
    try:
        return work()
    except ServiceUnavailableError as error:
        log.warning("runs could not look at the queue together: %s", error)
        return None
