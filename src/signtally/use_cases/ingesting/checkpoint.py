"""How far back everything is settled, while this run and others take messages off the queue: the watermark of ingest.

SQS does not say which messages it holds, only roughly how many, and it keeps no order. What can be known at a moment at
which those who look neither receive nor delete, so that their count of messages in flight is SQS's count too:

- Everything sent before an empty long poll began has left the queue's visible part, provided that the queue's own
  figures agree that nothing is visible. A margin for the difference between SQS's clock and ours comes off.
- A message in flight is unsettled until it is stored or a dead letter, and its touched hours are recorded. Of ours we
  know when it was sent. If more is in flight than we track, somebody else has the rest, sent we do not know when:
  nothing can be said until that is settled or visible again, or until the runs take a snapshot together (`snapshots`).
  So the messages of a run that died are respected too.
- While messages wait visibly, the figures are fresh up to the oldest message in flight: SQS may hand out an older one
  later, but nobody can know that.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.queue import QueueDepth
from signtally.retries import RetryPolicy
from signtally.stores.snapshot_rounds import SnapshotRound
from signtally.stores.watermarks import Watermarks
from signtally.use_cases.ingesting.commit import COMMIT
from signtally.use_cases.ingesting.config import IngestConfig
from signtally.use_cases.ingesting.in_flight import InFlightMessages
from signtally.use_cases.ingesting.snapshots import QueueSnapshot, QuiesceBarrier, UpcomingRound
from signtally.use_cases.ingesting.task_pools import TaskPools

_log = logging.getLogger(__name__)
Result = TypeVar("Result")

SNAPSHOT, ROUND_CHECK = "snapshot", "round-check"  # pools of one thread each


class QueueMonitor:
    """Decides when a run takes a snapshot, alone or in a round; *on_snapshot* is called with each one.

    Touched by the thread that owns the run's state only. A snapshot needs the run to be quiet, with no receive and no
    delete under way, so that what it tracks is what the queue counts as in flight because of it.
    """

    def __init__(
        self,
        pools: TaskPools,
        in_flight: InFlightMessages,
        barrier: QuiesceBarrier,
        *,
        config: IngestConfig,
        on_snapshot: Callable[[QueueSnapshot], None],
    ) -> None:
        self._pools = pools
        self._in_flight = in_flight
        self._barrier = barrier
        self._config = config
        self._on_snapshot = on_snapshot
        self._upcoming: UpcomingRound | None = None
        self._empty_at: dt.datetime | None = None  # when the latest long poll that came back empty had begun
        self._has_snapshot = False  # taken since then
        self._sees_others = False  # the latest snapshot showed more in flight than we track
        self._snapshot_at = self._checked_at = time.monotonic()

    @property
    def is_taking_snapshot(self) -> bool:
        return self._pools.busy(SNAPSHOT) > 0

    def record_empty_receive(self, asked_at: dt.datetime) -> None:
        """A long poll that began at *asked_at* came back empty."""
        self._empty_at = max(asked_at, self._empty_at or asked_at)
        self._has_snapshot = False

    def should_quiesce(self, *, seems_drained: bool) -> bool:
        """Whether receives and deletes have to rest: at intervals, when the queue seems drained, for a round."""
        now = time.monotonic()
        if self._upcoming is not None and now >= self._upcoming.quiesce_at:
            return True
        is_due = now - self._snapshot_at >= self._config.snapshot_interval_seconds
        return self.is_taking_snapshot or is_due or (seems_drained and not self._has_snapshot)

    def start_snapshot(self) -> None:
        """Take one, now that the run is quiet."""
        if self.is_taking_snapshot:
            return
        upcoming = self._upcoming
        if upcoming is None or time.monotonic() < upcoming.quiesce_at:
            self._pools.submit(SNAPSHOT, self._barrier.depth, self._taken_alone)
            return
        report = self._in_flight.report(now=time.monotonic(), empty_at=self._empty_at)
        if upcoming.is_ours:
            coordinate = partial(self._barrier.coordinate, upcoming, report)
            self._pools.submit(SNAPSHOT, partial(_none_if_unavailable, coordinate), self._coordinated)
        else:
            participate = partial(self._barrier.participate, upcoming, report)
            self._pools.submit(SNAPSHOT, partial(_none_if_unavailable, participate), self._participated)

    def start_round_check(self) -> None:
        """Look for another run's round, or begin one, as long as somebody else has messages in flight."""
        now = time.monotonic()
        is_due = now - self._checked_at >= self._config.round_notice_seconds
        if self._sees_others and self._upcoming is None and is_due and not self._pools.busy(ROUND_CHECK):
            self._checked_at = now
            next_round = partial(_none_if_unavailable, self._barrier.next_round)
            self._pools.submit(ROUND_CHECK, next_round, self._checked)

    def _checked(self, upcoming: UpcomingRound | None) -> None:
        self._upcoming = upcoming

    def _taken_alone(self, depth: QueueDepth) -> None:
        now = time.monotonic()
        snapshot = QueueSnapshot(depth, [self._in_flight.report(now=now, empty_at=self._empty_at)])
        self._has_snapshot, self._snapshot_at = True, now
        self._sees_others = not snapshot.accounts_for_all_in_flight
        self._conclude(snapshot)

    def _coordinated(self, snapshot: QueueSnapshot | None) -> None:
        self._upcoming = None
        if snapshot is not None:
            self._conclude(snapshot)

    def _participated(self, finished: SnapshotRound | None) -> None:
        self._upcoming = None
        if finished is not None and finished.shows_empty:
            self._in_flight.forget_released(now=time.monotonic())

    def _conclude(self, snapshot: QueueSnapshot) -> None:
        if snapshot.shows_empty_queue:
            self._in_flight.forget_released(now=time.monotonic())
        self._on_snapshot(snapshot)


class WatermarkPublisher:
    """Raises *settled-through* in the bucket, one request at a time, between commits.

    Touched by the thread that owns the run's state only.
    """

    def __init__(self, pools: TaskPools, watermarks: Watermarks, *, retry_policy: RetryPolicy) -> None:
        self._pools = pools
        self._watermarks = watermarks
        self._retry_policy = retry_policy
        self._published: dt.datetime | None = None
        self._proposed: dt.datetime | None = None

    @property
    def is_pending(self) -> bool:
        return self._proposed is not None

    def load(self, retry_policy: RetryPolicy) -> None:
        """Read what is published, so that nothing lower is written. Raises a ServiceError."""
        self._published = retry_policy.call(self._watermarks.settled_through)

    def propose(self, instant: dt.datetime | None) -> None:
        """Have this instant published next; None: nothing new is known."""
        self._proposed = instant

    def start(self) -> None:
        instant, self._proposed = self._proposed, None
        if instant is None or (self._published is not None and instant <= self._published):
            return
        self._published = instant
        publish = partial(self._watermarks.publish_settled_through, instant)
        self._pools.submit(COMMIT, partial(self._retry_policy.call, publish), lambda _: None)


def _none_if_unavailable(function: Callable[[], Result]) -> Result | None:
    """A round that fails says nothing; the next one may."""
    try:
        return function()
    except ServiceUnavailableError as error:
        _log.warning("the ingest runs could not take a snapshot of the queue together: %s", error)
        return None
