"""A drain of the queue: receive → batch → write → commit → acknowledge, all at once.

Whatever blocks runs on pool threads. Everything between runs on the one thread that calls `drain`, and only that thread
touches the state, so there are no locks. Callbacks change the state; only `_advance` starts work.
"""

import dataclasses
import datetime as dt
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from signtally.domain.cloud_events import ParsedBody, parse_body
from signtally.domain.ingest_outcome import IngestOutcome, IngestProgress
from signtally.domain.operator_events import dead_letters_grown
from signtally.measurements import EVENTS
from signtally.ports.queue import QueueDepth, QueuedMessage
from signtally.retries import RetryPolicy
from signtally.services import Services
from signtally.use_cases.event_writing import EventWriter
from signtally.use_cases.ingesting.batching import WRITE, WriteStage
from signtally.use_cases.ingesting.checkpoint import ROUND_CHECK, SNAPSHOT, QueueMonitor, WatermarkPublisher
from signtally.use_cases.ingesting.commit import COMMIT, CommitStage, Committer
from signtally.use_cases.ingesting.config import IngestConfig
from signtally.use_cases.ingesting.in_flight import QUEUE, Acknowledger, InFlightMessages
from signtally.use_cases.ingesting.metering import (
    SQS_BATCH_SIZE,
    IngestStats,
    MeteredQueue,
    MeteredStore,
    RequestCounter,
)
from signtally.use_cases.ingesting.snapshots import QueueSnapshot, QuiesceBarrier
from signtally.use_cases.ingesting.task_pools import TaskPools

_log = logging.getLogger(__name__)

_RECEIVE = "receive"
_TICK_SECONDS = 0.05
_EXTRA_THREADS = 2  # for deletes beyond those for receives: they must keep up, and there are extensions too


def drain(  # noqa: PLR0913 -- what to drain, how, how long, and who is told
    *,
    services: Services,
    budget_seconds: float | None = None,
    consumers: int = 4,
    config: IngestConfig | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[IngestProgress], None] = lambda _: None,
) -> IngestOutcome:
    """Return when nothing is visible and nothing is in flight any more, whoever received it.

    Any number of drains may run at once, in threads, processes or machines. An event is written, its touched hour is
    recorded, and only then is its message deleted; killed at any moment, a run loses nothing and doubles nothing.

    *consumers* is the number of threads that receive, and of those that write: from 1 on, 64 by the command. After
    *budget_seconds*, or once somebody sets *stop*, nothing more is received, and the run returns when what is in
    flight is settled or given back. *on_progress* is called every few seconds. Raises a ServiceError with everything
    given back to the queue.
    """
    config = config or IngestConfig.from_settings(services.settings)
    stop = stop or threading.Event()
    run = IngestRun(services, consumers=consumers, config=config, stop=stop, on_progress=on_progress)
    outcome = run.run(budget_seconds=budget_seconds)
    dead_letters = sum(outcome.dead_letters.values())
    for became, number in (
        ("stored", outcome.stored),
        ("duplicate", outcome.duplicates),
        ("dead_letter", dead_letters),
    ):
        EVENTS.labels(became).inc(number)
    if dead_letters:
        services.tell(dead_letters_grown(outcome.dead_letters, queue=services.settings.dead_letter_queue))
    return outcome


@dataclasses.dataclass(frozen=True, slots=True)
class _Received:
    """What one receive brought, parsed on the thread that received it."""

    asked_at: dt.datetime
    messages: Sequence[tuple[QueuedMessage, ParsedBody]]
    visibility_deadline: float  # monotonic


class IngestRun:
    """One drain: builds the stages, and moves messages through them until the queue is empty or the run must end.

    Used once, by one thread; see `drain` for the parameters.
    """

    def __init__(
        self,
        services: Services,
        *,
        consumers: int,
        config: IngestConfig,
        stop: threading.Event,
        on_progress: Callable[[IngestProgress], None],
    ) -> None:
        self._services = services
        self._consumers = consumers
        self._config = config
        self._stop = stop
        self._on_progress = on_progress
        self._cancel_event = threading.Event()  # ends all retries and waits, when the grace period is over
        self._retry_policy = retry_policy = RetryPolicy(
            self._cancel_event, config.retry_budget_seconds, config.initial_backoff_seconds
        )
        self._stats = stats = IngestStats(RequestCounter())
        self._queue = MeteredQueue(services.queue, stats.requests)
        self._dead_letters = MeteredQueue(services.dead_letters, stats.requests)
        self._store = MeteredStore(services.usage_store, stats.requests)
        queue_threads = consumers + _EXTRA_THREADS
        threads = {_RECEIVE: consumers, WRITE: consumers, COMMIT: 1, QUEUE: queue_threads, SNAPSHOT: 1, ROUND_CHECK: 1}
        self._pools = pools = TaskPools(threads)
        self._in_flight = InFlightMessages()
        writer = EventWriter(self._store, retry_policy=retry_policy)
        self._write_stage = WriteStage(pools, writer, stats=stats, config=config, writers=consumers)
        self._acknowledger = Acknowledger(
            pools, self._queue, self._in_flight, retry_policy=retry_policy, threads=queue_threads
        )
        self._commit_stage = CommitStage(
            pools,
            Committer(services.stores.touched_hours, self._dead_letters, retry_policy=retry_policy),
            write_stage=self._write_stage,
            acknowledger=self._acknowledger,
            config=config,
        )
        self._monitor = QueueMonitor(
            pools,
            self._in_flight,
            QuiesceBarrier(services.stores.snapshot_rounds(), self._queue, retry_policy=retry_policy, config=config),
            config=config,
            on_snapshot=self._on_snapshot,
        )
        self._watermark = WatermarkPublisher(pools, services.stores.watermarks, retry_policy=retry_policy)
        self._started_at = time.monotonic()
        self._stop_at = math.inf  # monotonic
        self._is_quiet = False  # the latest receive came back empty
        self._is_drained = False

    def run(self, *, budget_seconds: float | None) -> IngestOutcome:
        """Return when the queue is drained or the run must end. Raises a ServiceError with everything given back."""
        self._stop_at = math.inf if budget_seconds is None else self._started_at + budget_seconds
        try:
            self._check_services()
            while not self._is_finished:
                self._advance()
        except BaseException as error:
            self._abandon()
            error.add_note(f"before that: {self._stats.outcome()}")
            raise
        finally:
            self._pools.close()
        return self._stats.outcome()

    def _check_services(self) -> None:
        """Call every service once, and wait for it if need be, within the retry budget and the run's own."""
        # The dead-letter queue and the store first: without them each receive would be in vain, and would bring SQS's
        # own limit of receives nearer to good messages.
        self._startup_policy().call(self._dead_letters.depth)
        self._startup_policy().call(self._store.check)
        self._watermark.load(self._startup_policy())

    def _startup_policy(self) -> RetryPolicy:
        """Nothing is in flight yet, so that a stop cancels at once."""
        left_seconds = max(0.0, self._stop_at - time.monotonic())
        budget_seconds = min(self._config.retry_budget_seconds, left_seconds)
        return dataclasses.replace(self._retry_policy, cancel_event=self._stop, budget_seconds=budget_seconds)

    @property
    def _is_stopping(self) -> bool:
        return time.monotonic() >= self._stop_at

    @property
    def _is_finished(self) -> bool:
        is_busy = self._watermark.is_pending or any(self._pools.busy(kind) for kind in (_RECEIVE, COMMIT, QUEUE))
        return not self._in_flight and not is_busy and (self._is_drained or self._is_stopping)

    def _advance(self) -> None:
        """Start what can be started, then run one callback."""
        now = time.monotonic()
        if self._stop.is_set():
            self._stop_at = min(self._stop_at, now)
        if now >= self._stop_at + self._config.stop_grace_seconds:
            self._cancel_event.set()
        more_expected = not self._is_quiet and not self._is_stopping
        if self._should_quiesce:
            if not (self._pools.busy(_RECEIVE) or self._pools.busy(QUEUE)):
                self._monitor.start_snapshot()
        else:
            self._start_receives()
            is_last = self._write_stage.is_idle and not self._write_stage.has_done and not self._pools.busy(COMMIT)
            self._acknowledger.start_deletes(more_expected=not is_last)
        self._write_stage.start_writes(more_expected=more_expected)
        self._commit_stage.start()
        self._watermark.start()
        self._acknowledger.start_releases(delay_seconds=self._config.redelivery_delay_seconds)
        self._acknowledger.start_extensions()
        self._monitor.start_round_check()
        self._pools.run_next_callback(timeout_seconds=_TICK_SECONDS)

    @property
    def _should_quiesce(self) -> bool:
        if self._is_stopping or self._is_drained:
            return self._monitor.is_taking_snapshot
        return self._monitor.should_quiesce(seems_drained=self._is_quiet and not self._in_flight)

    def _start_receives(self) -> None:
        wanted = 0 if self._is_stopping or self._is_drained else 1 if self._is_quiet else self._consumers
        while (busy := self._pools.busy(_RECEIVE)) < wanted:
            events_per_message = self._in_flight.events / len(self._in_flight) if self._in_flight else 0
            expected = (busy + 1) * SQS_BATCH_SIZE * events_per_message
            if self._in_flight.events + expected > self._config.max_in_flight_events:
                return
            self._pools.submit(_RECEIVE, self._receive, self._on_received)

    def _receive(self) -> _Received:
        asked_at = self._services.clock()
        wait_seconds = self._config.receive_wait_seconds
        messages = self._retry_policy.call(lambda: self._queue.receive(wait_seconds=wait_seconds))
        visibility_deadline = time.monotonic() + self._queue.visibility_seconds
        now = self._services.clock()
        parse = partial(parse_body, now=now, text_limit_bytes=self._store.text_limit_bytes)
        parsed = [(message, parse(message.body)) for message in messages]
        return _Received(asked_at, parsed, visibility_deadline)

    def _on_received(self, received: _Received) -> None:
        self._is_quiet = not received.messages
        if self._is_quiet:
            self._monitor.record_empty_receive(received.asked_at)
        for message, parsed in received.messages:
            tracked = self._in_flight.track(message, parsed, visibility_deadline=received.visibility_deadline)
            if tracked is not None and tracked.is_settled:
                self._acknowledger.acknowledge([tracked])
            elif tracked is not None:
                self._write_stage.add(tracked)

    def _on_snapshot(self, snapshot: QueueSnapshot) -> None:
        self._watermark.propose(snapshot.settled_through(clock_skew=self._services.settings.clock_skew))
        depth = snapshot.depth
        self._on_progress(
            IngestProgress(
                outcome=self._stats.outcome(),
                seconds=time.monotonic() - self._started_at,
                at=self._services.clock(),
                acknowledged=self._in_flight.acknowledged_messages,
                visible=depth.visible,
                in_flight=depth.in_flight,
                oldest_unsettled=snapshot.oldest_unsettled,
            )
        )
        self._is_drained = self._is_quiet and not self._in_flight and depth == QueueDepth(0, 0)

    def _abandon(self) -> None:
        """Give everything back. What was stored and comes again is found identical then."""
        self._stop_at = min(self._stop_at, time.monotonic())
        self._cancel_event.set()
        self._pools.close()
        while self._pools.has_callbacks:
            try:
                self._pools.run_next_callback(timeout_seconds=0)
            except Exception as error:  # noqa: BLE001 -- the first error is being reported; this is what followed
                _log.debug("while giving up: %s", error)
        self._acknowledger.release_all()
