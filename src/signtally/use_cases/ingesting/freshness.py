"""How far back everything is known to be settled, while this run and others take messages off the queue.

SQS does not say what it holds, only roughly how much, and it keeps no order. What can be known at a moment at which
none of our own receives and deletes is under way, so that our count of what we hold is SQS's count too:

- Everything sent before an empty long poll began has left the queue's visible part, provided that the queue's own
  figures agree that nothing is visible. A margin for the difference between SQS's clock and ours comes off.
- What is in somebody's hands is unsettled until it is stored or dead-lettered, and noted. Of ours we know when it was
  sent. If more is in flight than we hold, somebody else holds the rest, sent we do not know when: nothing can be said
  until that is settled or back on the queue. So the messages of a run that died are respected too.
- While messages wait visibly, the figures are fresh up to the oldest message in hand: SQS may hand out an older one
  later, but nobody can know that.
"""

import dataclasses
import datetime as dt

from signtally.ports.queue import QueueDepth


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """The evidence of one moment."""

    depth: QueueDepth
    in_hand: int  # messages that are in flight because of this run
    oldest_unsettled: dt.datetime | None  # when the oldest of those that this run has not settled was sent
    empty_at: dt.datetime | None  # when the latest long poll that came back empty had begun

    @property
    def shows_all_in_hand(self) -> bool:
        return self.depth.in_flight <= self.in_hand

    @property
    def shows_empty_queue(self) -> bool:
        """Nothing visible, and nothing in anybody's hands but ours."""
        return self.depth.visible == 0 and self.shows_all_in_hand

    def settled_through(self, *, clock_skew: dt.timedelta) -> dt.datetime | None:
        """The instant before which nothing is known to be unsettled; None when this look cannot tell."""
        if not self.shows_all_in_hand:
            return None
        if self.depth.visible or self.empty_at is None:
            return self.oldest_unsettled
        quiet_through = self.empty_at - clock_skew
        return quiet_through if self.oldest_unsettled is None else min(quiet_through, self.oldest_unsettled)
