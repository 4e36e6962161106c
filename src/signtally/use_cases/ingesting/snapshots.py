"""What can be known of the queue at one moment, and how several runs find it out together.

One run of several sees messages in flight that it did not receive. So the runs take a snapshot together, in a round:
one run begins it; the others, who check for rounds as long as they see such messages, quiesce (they neither receive nor
delete), report what they have in flight, and wait until the round is over. The coordinator adds up. No two clocks are
compared: a run that has reported stays quiet for longer than the coordinator takes, so the sum is true at one moment. A
run that does not report, or that has died, leaves messages in flight that nobody accounts for, and then the snapshot
says nothing.
"""

import dataclasses
import datetime as dt
import time
from collections.abc import Sequence

from signtally.ports.queue import QueueDepth
from signtally.retries import RetryPolicy
from signtally.stores.snapshot_rounds import InFlightReport, SnapshotRound, SnapshotRounds
from signtally.use_cases.ingesting.config import IngestConfig
from signtally.use_cases.ingesting.metering import MeteredQueue

_COORDINATOR_SHARE = 0.8  # of `max_quiesce_seconds`; the rest is for requests that are under way


@dataclasses.dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """The evidence of one moment: the queue's figures, and what each run that has quiesced has in flight."""

    depth: QueueDepth
    reports: Sequence[InFlightReport]

    @property
    def accounts_for_all_in_flight(self) -> bool:
        return self.depth.in_flight <= sum(report.in_flight for report in self.reports)

    @property
    def shows_empty_queue(self) -> bool:
        """Nothing visible, nothing in flight elsewhere: what was released earlier is in flight here or settled."""
        return self.depth.visible == 0 and self.accounts_for_all_in_flight

    @property
    def oldest_unsettled(self) -> dt.datetime | None:
        """When the oldest message was sent that is known to be unsettled."""
        known = [report.oldest_unsettled for report in self.reports]
        if not self.shows_empty_queue:
            known += [report.oldest_released for report in self.reports]
        return min((sent_at for sent_at in known if sent_at is not None), default=None)

    def settled_through(self, *, clock_skew: dt.timedelta) -> dt.datetime | None:
        """The instant before which nothing is known to be unsettled; None when this snapshot cannot tell."""
        if not self.accounts_for_all_in_flight:
            return None
        empty_at = max((report.empty_at for report in self.reports if report.empty_at is not None), default=None)
        if self.depth.visible or empty_at is None:
            return self.oldest_unsettled
        quiet_through = empty_at - clock_skew
        return quiet_through if self.oldest_unsettled is None else min(quiet_through, self.oldest_unsettled)


@dataclasses.dataclass(frozen=True, slots=True)
class UpcomingRound:
    """A round to take part in. Instants are on the monotonic clock.

    A round of ours quiesces some time after it was made, when the others have had time to learn of it.
    """

    round: SnapshotRound
    is_ours: bool
    made_at: float
    quiesce_at: float


class QuiesceBarrier:
    """Takes snapshots, alone or together with other runs.

    Every method blocks, on a pool thread; the retry policy's cancel event ends all waiting.
    """

    def __init__(
        self, rounds: SnapshotRounds, queue: MeteredQueue, *, retry_policy: RetryPolicy, config: IngestConfig
    ) -> None:
        self._rounds = rounds
        self._queue = queue
        self._retry_policy = retry_policy
        self._cancel_event = retry_policy.cancel_event
        self._config = config
        self._seen: SnapshotRound | None = None
        self._seen_at = time.monotonic()

    def depth(self) -> QueueDepth:
        """The queue's own figures: all that a run needs for a snapshot of its own."""
        return self._retry_policy.call(self._queue.depth)

    def next_round(self) -> UpcomingRound | None:
        """Another run's round that we have not seen yet, or a new one of our own when the last one is long ago."""
        now = time.monotonic()
        latest = self._rounds.latest()
        is_news = (latest and latest.round_id) != (self._seen and self._seen.round_id)
        self._seen, self._seen_at = latest, now if is_news else self._seen_at
        if latest is not None and is_news and not latest.is_over:
            return UpcomingRound(latest, is_ours=False, made_at=now, quiesce_at=now)
        if is_news or now - self._seen_at < self._config.round_interval_seconds:
            return None
        ours = self._rounds.begin(instead_of=latest)
        if ours is None:
            return None
        self._seen, self._seen_at = ours, now
        return UpcomingRound(ours, is_ours=True, made_at=now, quiesce_at=now + self._config.round_notice_seconds)

    def participate(self, upcoming: UpcomingRound, report: InFlightReport) -> SnapshotRound | None:
        """Report and wait until the round is over; return it then, or None when that takes too long."""
        ours, until = upcoming.round, time.monotonic() + self._config.max_quiesce_seconds
        self._rounds.add_report(ours, report)
        while time.monotonic() < until and not self._cancel_event.wait(self._poll_seconds):
            latest = self._rounds.latest()
            if latest is None or latest.round_id != ours.round_id:
                return None
            if latest.is_over:
                return latest
        return None

    def coordinate(self, upcoming: UpcomingRound, report: InFlightReport) -> QueueSnapshot | None:
        """Add up reports until they account for all that is in flight; None when they never do."""
        found = self._add_up(upcoming, report)
        self._rounds.end(upcoming.round, shows_empty=found is not None and found.shows_empty_queue)
        return found

    def _add_up(self, upcoming: UpcomingRound, report: InFlightReport) -> QueueSnapshot | None:
        # By then every run that lives has reported, and none that has reported has moved on.
        latest_end = upcoming.made_at + self._config.max_quiesce_seconds * _COORDINATOR_SHARE
        until = min(latest_end, time.monotonic() + self._config.round_notice_seconds * 1.5)
        while time.monotonic() < until and not self._cancel_event.is_set():
            others = self._rounds.reports(upcoming.round)  # before the depth: who has reported stays quiet until then
            snapshot = QueueSnapshot(self._queue.depth(), [report, *others])
            if time.monotonic() >= upcoming.made_at + self._config.max_quiesce_seconds:
                return None
            if snapshot.accounts_for_all_in_flight:
                return snapshot
            self._cancel_event.wait(self._poll_seconds)
        return None

    @property
    def _poll_seconds(self) -> float:
        return self._config.round_notice_seconds / 10
