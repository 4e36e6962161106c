"""One run of ingest: receive → gather → write → settle → delete, all at once.

Whatever blocks runs on worker threads. Everything between runs on the one thread that calls `run`, and only that
thread touches the state, so there are no locks. Handlers of results change the state; only `_advance` starts work.
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
from signtally.ports.queue import QueueDepth, QueuedMessage
from signtally.services import Services
from signtally.use_cases.ingesting.counted_ports import CountedQueue, CountedStore, RequestCount
from signtally.use_cases.ingesting.custody import Custody
from signtally.use_cases.ingesting.freshness import Look
from signtally.use_cases.ingesting.held import HeldMessage
from signtally.use_cases.ingesting.joint_look import JointLook
from signtally.use_cases.ingesting.looking import CALL, LOOK, Looking
from signtally.use_cases.ingesting.pace import IngestPace
from signtally.use_cases.ingesting.patience import Patience
from signtally.use_cases.ingesting.releasing import QUEUE, Releasing
from signtally.use_cases.ingesting.settling import Settling
from signtally.use_cases.ingesting.storing import WRITE, Storing
from signtally.use_cases.ingesting.tally import Tally
from signtally.use_cases.ingesting.workers import Workers
from signtally.use_cases.ingesting.writing import EventWriter

log = logging.getLogger(__name__)

_RECEIVE, _SETTLE = "receive", "settle"
_MESSAGES_A_RECEIVE = 10
_TICK_SECONDS = 0.05
_EXTRA = 2  # threads for deletes beyond those for receives: they must keep up with them, and there are extensions too


@dataclasses.dataclass(frozen=True, slots=True)
class _Received:
    """What one receive brought, parsed on the thread that received it."""

    asked_at: dt.datetime
    messages: Sequence[tuple[QueuedMessage, ParsedBody]]
    invisible_until: float  # on the monotonic clock


class IngestRun:
    def __init__(
        self,
        services: Services,
        *,
        consumers: int,
        pace: IngestPace,
        on_progress: Callable[[IngestProgress], None],
    ) -> None:
        self._services = services
        self._consumers = consumers
        self._pace = pace
        self._on_progress = on_progress
        self._hurry = threading.Event()
        self._patience = patience = Patience(self._hurry, pace.patience_seconds, pace.pause_seconds)
        self._tally = Tally(RequestCount())
        self._queue = CountedQueue(services.queue, self._tally.requests)
        self._dead_letters = CountedQueue(services.dead_letters, self._tally.requests)
        self._freshness = services.stores.watermarks
        threads = {_RECEIVE: consumers, WRITE: consumers, _SETTLE: 1, QUEUE: consumers + _EXTRA, LOOK: 1, CALL: 1}
        self._workers = Workers(threads)
        self._custody = Custody()
        self._store = CountedStore(services.usage_store, self._tally.requests)
        writer = EventWriter(self._store, patience=patience)
        self._storing = Storing(self._workers, writer, tally=self._tally, pace=pace, writers=consumers)
        self._settling = Settling(services.stores.touched_hours, self._dead_letters, patience=patience)
        self._releasing = Releasing(
            self._workers, self._queue, self._custody, patience=patience, threads=consumers + _EXTRA
        )
        self._looking = Looking(
            self._workers,
            self._custody,
            JointLook(services.stores.joint_looks(), self._queue, patience=patience, pace=pace),
            pace=pace,
            then=self._looked,
        )
        self._started_at = self._flushed_at = time.monotonic()
        self._stop_at = math.inf
        self._has_begun = False
        self._is_quiet = False  # the latest receive came back empty
        self._is_drained = False
        self._published: dt.datetime | None = None
        self._to_publish: dt.datetime | None = None

    def run(self, *, budget_seconds: float | None) -> IngestOutcome:
        """Return when the queue is drained or the budget used up; raise a ServiceError with everything given back."""
        self._stop_at = math.inf if budget_seconds is None else self._started_at + budget_seconds
        try:
            self._begin(budget_seconds)
            while not self._is_finished:
                self._advance()
        except BaseException as error:
            self._abandon()
            error.add_note(f"before that: {self._tally.outcome()}")
            raise
        finally:
            self._workers.close()
        return self._tally.outcome()

    def stop(self) -> None:
        """Take nothing more and return once what is in hand is finished; a signal handler may call it."""
        self._stop_at = min(self._stop_at, time.monotonic())
        if not self._has_begun:
            self._hurry.set()  # there is nothing in hand to be patient for

    def _begin(self, budget_seconds: float | None) -> None:
        """Find every service there, or wait for it as long as the patience and the budget allow."""
        timer = None if budget_seconds is None else threading.Timer(budget_seconds, self.stop)
        if timer is not None:
            timer.daemon = True
            timer.start()
        self._patience.call(self._dead_letters.depth)  # refuse to begin where bad messages could not go
        # Or where good ones could not: each receive in vain brings SQS's own limit nearer to good messages.
        self._patience.call(self._store.check)
        self._published = self._patience.call(self._freshness.settled_through)
        self._has_begun = True
        if timer is not None:
            timer.cancel()

    @property
    def _is_stopping(self) -> bool:
        return time.monotonic() >= self._stop_at

    @property
    def _is_finished(self) -> bool:
        is_busy = self._to_publish is not None or any(self._workers.busy(kind) for kind in (_RECEIVE, _SETTLE, QUEUE))
        return not self._custody and not is_busy and (self._is_drained or self._is_stopping)

    def _advance(self) -> None:
        if time.monotonic() >= self._stop_at + self._pace.grace_seconds:
            self._hurry.set()
        company_may_come = not self._is_quiet and not self._is_stopping
        if self._needs_stillness:
            if not (self._workers.busy(_RECEIVE) or self._workers.busy(QUEUE)):
                self._looking.start()
        else:
            self._start_receives()
            is_last = self._storing.is_idle and not self._storing.has_done and not self._workers.busy(_SETTLE)
            self._releasing.start_deletes(company_may_come=not is_last)
        self._storing.start_writes(company_may_come=company_may_come)
        self._start_settling()
        self._start_publishing()
        self._releasing.start_leaving(for_seconds=self._pace.retry_seconds)
        self._releasing.start_extending()
        self._looking.start_asking()
        self._workers.handle_next(timeout_seconds=_TICK_SECONDS)

    def _start_receives(self) -> None:
        wanted = 0 if self._is_stopping or self._is_drained else 1 if self._is_quiet else self._consumers
        while (busy := self._workers.busy(_RECEIVE)) < wanted:
            events_a_message = self._custody.events / len(self._custody) if self._custody else 0
            expected = (busy + 1) * _MESSAGES_A_RECEIVE * events_a_message
            if self._custody.events + expected > self._pace.held_events:
                return
            self._workers.start(_RECEIVE, self._receive, self._received)

    def _receive(self) -> _Received:
        asked_at = self._services.clock()
        messages = self._patience.call(lambda: self._queue.receive(wait_seconds=self._pace.poll_seconds))
        invisible_until = time.monotonic() + self._queue.visibility_seconds
        now = self._services.clock()
        parsed = [(message, parse_body(message.body, now=now)) for message in messages]
        return _Received(asked_at, parsed, invisible_until)

    def _received(self, received: _Received) -> None:
        self._is_quiet = not received.messages
        if self._is_quiet:
            self._looking.found_nothing(received.asked_at)
        for message, parsed in received.messages:
            held = self._custody.take(message, parsed, invisible_until=received.invisible_until)
            if held is not None and held.is_settled:
                self._releasing.delete([held])
            elif held is not None:
                self._storing.take(held)

    def _start_settling(self) -> None:
        if self._workers.busy(_SETTLE) or not self._storing.has_done:
            return
        is_full = self._storing.done_events >= self._pace.flush_events
        is_due = time.monotonic() - self._flushed_at >= self._pace.flush_seconds
        if not (is_full or is_due or self._storing.is_idle):
            return
        complete, failed = self._storing.hand_over()
        self._flushed_at = time.monotonic()
        work = partial(self._settling.settle, complete, stored_only=failed)
        self._workers.start(_SETTLE, work, partial(self._settled, [*complete, *failed]))

    def _settled(self, noted: Sequence[HeldMessage], settled: Sequence[HeldMessage]) -> None:
        for held in noted:
            held.stored = []
        for held in settled:
            held.is_settled = True
            reasons = [part.reason for part in held.parsed.bad] + [reason for _, reason, _ in held.refused]
            self._tally.dead_letters.update(str(reason) for reason in reasons)
        self._releasing.delete(settled)
        self._releasing.leave(held for held in noted if not held.is_settled)

    @property
    def _needs_stillness(self) -> bool:
        if self._is_stopping or self._is_drained:
            return self._workers.busy(LOOK) > 0
        return self._looking.needs_stillness(seems_drained=self._is_quiet and not self._custody)

    def _looked(self, look: Look) -> None:
        self._to_publish = look.settled_through(clock_skew=self._services.settings.clock_skew)
        depth = look.depth
        self._on_progress(
            IngestProgress(
                outcome=self._tally.outcome(),
                seconds=time.monotonic() - self._started_at,
                at=self._services.clock(),
                deleted=self._custody.deleted_messages,
                visible=depth.visible,
                in_flight=depth.in_flight,
                oldest_held=look.oldest_unsettled,
            )
        )
        self._is_drained = self._is_quiet and not self._custody and depth == QueueDepth(0, 0)

    def _start_publishing(self) -> None:
        instant, self._to_publish = self._to_publish, None
        if instant is None or (self._published is not None and instant <= self._published):
            return
        self._published = instant
        work = partial(self._patience.call, partial(self._freshness.publish_settled_through, instant))
        self._workers.start(_SETTLE, work, lambda _: None)

    def _abandon(self) -> None:
        """Give back what is in hand. What was stored and comes again is found identical then."""
        self.stop()
        self._hurry.set()
        self._workers.close()
        while self._workers.has_results:
            try:
                self._workers.handle_next(timeout_seconds=0)
            except Exception as error:  # noqa: BLE001 -- the first error is being reported; this is what followed
                log.debug("while giving up: %s", error)
        self._releasing.release_all()
