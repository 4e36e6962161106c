"""A look that several runs take together, because each of them alone sees messages in hands it does not know.

One run calls; the others, who ask for calls as long as they see such messages, stop receiving and deleting, put down
what they hold, and wait until the caller says that it is over. The caller adds up. No two clocks are compared: a run
that has answered holds still for longer than the caller takes, so what is added up is true at one moment. A run that
does not answer, or that has died, leaves messages in flight that nobody claims, and then the look says nothing.
"""

import dataclasses
import time

from signtally.ports.queue import QueueDepth
from signtally.stores.joint_looks import Call, Holdings, JointLooks
from signtally.use_cases.ingesting.counted_ports import CountedQueue
from signtally.use_cases.ingesting.freshness import Look
from signtally.use_cases.ingesting.pace import IngestPace
from signtally.use_cases.ingesting.patience import Patience


@dataclasses.dataclass(frozen=True, slots=True)
class Invitation:
    """A call to heed, from *hold_still_at* on the monotonic clock: ours when others have had time to hear of it."""

    call: Call
    is_ours: bool
    made_at: float
    hold_still_at: float


class JointLook:
    """Every method blocks, on a worker thread; the patience's hurry ends all waiting."""

    def __init__(self, looks: JointLooks, queue: CountedQueue, *, patience: Patience, pace: IngestPace) -> None:
        self._looks = looks
        self._queue = queue
        self._patience = patience
        self._hurry = patience.hurry
        self._pace = pace
        self._seen: Call | None = None
        self._seen_at = time.monotonic()

    def depth(self) -> QueueDepth:
        """What the queue says of itself: all that a run needs that looks alone."""
        return self._patience.call(self._queue.depth)

    def invitation(self) -> Invitation | None:
        """Another run's call that we have not seen yet, or a call of our own when the last one is long ago."""
        now = time.monotonic()
        latest = self._looks.latest()
        is_news = (latest and latest.call_id) != (self._seen and self._seen.call_id)
        self._seen, self._seen_at = latest, now if is_news else self._seen_at
        if latest is not None and is_news and not latest.is_over:
            return Invitation(latest, is_ours=False, made_at=now, hold_still_at=now)
        if is_news or now - self._seen_at < self._pace.joint_look_seconds:
            return None
        call = self._looks.call(instead_of=latest)
        if call is None:
            return None
        self._seen, self._seen_at = call, now
        return Invitation(call, is_ours=True, made_at=now, hold_still_at=now + self._pace.notice_seconds)

    def attend(self, invitation: Invitation, holdings: Holdings) -> Call | None:
        """Wait, with everything still, until the call is over, and return it then; None when that takes too long."""
        call, until = invitation.call, time.monotonic() + self._pace.hold_still_seconds
        self._looks.answer(call, holdings)
        while time.monotonic() < until and not self._hurry.wait(self._pace.notice_seconds / 10):
            latest = self._looks.latest()
            if latest is None or latest.call_id != call.call_id:
                return None
            if latest.is_over:
                return latest
        return None

    def conduct(self, invitation: Invitation, holdings: Holdings) -> Look | None:
        """Add up what the runs hold until it is all that is in flight; None when it never is."""
        found = self._add_up(invitation, holdings)
        self._looks.end(invitation.call, shows_empty=found is not None and found.shows_empty_queue)
        return found

    def _add_up(self, invitation: Invitation, holdings: Holdings) -> Look | None:
        # By then whoever lives has answered, and nobody who has answered has moved on.
        longest = invitation.made_at + self._pace.hold_still_seconds * 0.8
        until = min(longest, time.monotonic() + self._pace.notice_seconds * 1.5)
        while time.monotonic() < until and not self._hurry.is_set():
            others = self._looks.answers(invitation.call)  # before the depth: who has answered holds still until then
            look = Look(self._queue.depth(), [holdings, *others])
            if time.monotonic() >= invitation.made_at + self._pace.hold_still_seconds:
                return None
            if look.shows_all_in_hand:
                return look
            self._hurry.wait(self._pace.notice_seconds / 10)
        return None
