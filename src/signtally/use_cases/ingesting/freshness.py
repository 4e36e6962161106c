"""How far back everything is known to be settled, while this run and others take messages off the queue.

SQS does not say what it holds, only roughly how much, and it keeps no order. What can be known at a moment at which
those who look neither receive nor delete, so that the count of what they hold is SQS's count too:

- Everything sent before an empty long poll began has left the queue's visible part, provided that the queue's own
  figures agree that nothing is visible. A margin for the difference between SQS's clock and ours comes off.
- What is in somebody's hands is unsettled until it is stored or dead-lettered, and noted. Of ours we know when it was
  sent. If more is in flight than we hold, somebody else holds the rest, sent we do not know when: nothing can be said
  until that is settled or back on the queue, or until they look together with us (`joint_look`). So the messages of a
  run that died are respected too.
- While messages wait visibly, the figures are fresh up to the oldest message in hand: SQS may hand out an older one
  later, but nobody can know that.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from signtally.ports.queue import QueueDepth
from signtally.stores.joint_looks import Holdings


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """The evidence of one moment: the queue's figures, and what each of those who hold still has in hand."""

    depth: QueueDepth
    holdings: Sequence[Holdings]

    @property
    def shows_all_in_hand(self) -> bool:
        return self.depth.in_flight <= sum(each.in_hand for each in self.holdings)

    @property
    def shows_empty_queue(self) -> bool:
        """Nothing visible, and nothing in other hands: what was given back earlier is held or settled by now."""
        return self.depth.visible == 0 and self.shows_all_in_hand

    @property
    def oldest_unsettled(self) -> dt.datetime | None:
        """When the oldest message was sent that is known to be unsettled."""
        known = [each.oldest_unsettled for each in self.holdings]
        if not self.shows_empty_queue:
            known += [each.oldest_returned for each in self.holdings]
        return min((sent_at for sent_at in known if sent_at is not None), default=None)

    def settled_through(self, *, clock_skew: dt.timedelta) -> dt.datetime | None:
        """The instant before which nothing is known to be unsettled; None when this look cannot tell."""
        if not self.shows_all_in_hand:
            return None
        empty_at = max((each.empty_at for each in self.holdings if each.empty_at is not None), default=None)
        if self.depth.visible or empty_at is None:
            return self.oldest_unsettled
        quiet_through = empty_at - clock_skew
        return quiet_through if self.oldest_unsettled is None else min(quiet_through, self.oldest_unsettled)
