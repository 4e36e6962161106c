"""The messages that this run has received and not yet deleted or given back, and how they leave: `Acknowledger`."""

import dataclasses
import datetime as dt
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from signtally.domain.batches import batched
from signtally.domain.cloud_events import ParsedBody
from signtally.domain.counted import counted
from signtally.ports.errors import ServiceError, ServiceUnavailableError
from signtally.ports.queue import QueuedMessage
from signtally.retries import RetryPolicy
from signtally.stores.snapshot_rounds import InFlightReport
from signtally.threads import ContextThreads
from signtally.use_cases.ingesting.metering import SQS_BATCH_SIZE, MeteredQueue
from signtally.use_cases.ingesting.task_pools import TaskPools

_log = logging.getLogger(__name__)

QUEUE = "queue"  # the pool for deletes and changes of visibility
_RELEASE_ALL_BUDGET_SECONDS = 10.0  # retries with the queue when a run that has failed gives everything back


@dataclasses.dataclass(slots=True, eq=False)
class InFlightMessage:
    """A message from its receive until it is acknowledged or released.

    Events go by their index in `parsed.events`. The message is settled when every event is stored, a duplicate or a
    dead letter, and its touched hours are recorded; only then is it acknowledged.
    """

    message: QueuedMessage
    parsed: ParsedBody
    visibility_deadline: float  # monotonic: when others can see the message again
    was_tried: bool = False  # its events went to be stored before; only those that failed go again
    open_events: int = 0  # neither stored nor known as duplicates, refused or failed
    is_settled: bool = False  # the delete may be under way
    stored: list[int] = dataclasses.field(default_factory=list)  # indices of events whose hour is not recorded yet
    refused: list[tuple[int, str, str]] = dataclasses.field(default_factory=list)  # index, reason, detail
    failed: list[tuple[int, str]] = dataclasses.field(default_factory=list)  # index, detail

    @property
    def size(self) -> int:
        """In events, bad ones included."""
        return len(self.parsed.events) + len(self.parsed.bad)


class InFlightMessages:
    """Every message that others cannot see because of this run. Instants are on the monotonic clock.

    Touched by the thread that owns the run's state only.
    """

    def __init__(self) -> None:
        self.events = 0  # in the tracked messages
        self.acknowledged_messages = 0
        self._tracked: dict[str, InFlightMessage] = {}  # by message id
        self._released: dict[str, InFlightMessage] = {}  # given back unsettled, to come again
        self._unacknowledged: set[str] = set()  # ids of settled messages that the queue did not delete

    def __len__(self) -> int:
        return len(self._tracked)

    def track(
        self, message: QueuedMessage, parsed: ParsedBody, *, visibility_deadline: float
    ) -> InFlightMessage | None:
        """Take in a received message; None if it is tracked already and came again (the newest receipt counts).

        A released message comes back with what is known of it, so that only what failed is tried again; one that was
        settled and not deleted comes back as settled, so that its dead letters are not sent twice.
        """
        message_id = message.message_id
        known = self._tracked.get(message_id) or self._released.pop(message_id, None)
        tracked = known or InFlightMessage(message, parsed, visibility_deadline)
        tracked.message, tracked.visibility_deadline = message, visibility_deadline
        if message_id in self._tracked:
            return None
        if message_id in self._unacknowledged:
            self._unacknowledged.discard(message_id)
            tracked.is_settled = True
        self._tracked[message_id] = tracked
        self.events += tracked.size
        return tracked

    def acknowledge(self, messages: Sequence[InFlightMessage], *, undeleted: Sequence[QueuedMessage]) -> None:
        """Stop tracking settled messages; the queue deleted all but the *undeleted*, which will come again."""
        for tracked in messages:
            self._untrack(tracked)
        self._unacknowledged.update(message.message_id for message in undeleted)
        self.acknowledged_messages += len(messages) - len(undeleted)

    def release(self, tracked: InFlightMessage, *, visibility_deadline: float) -> None:
        """Stop tracking an unsettled message, but remember that it is unsettled."""
        self._untrack(tracked)
        tracked.visibility_deadline = visibility_deadline
        self._released[tracked.message.message_id] = tracked

    def forget_released(self, *, now: float) -> None:
        """Call when the queue is empty: a released message that became visible since then has been settled."""
        self._released = {key: each for key, each in self._released.items() if each.visibility_deadline >= now}

    def expiring(self, *, before: float) -> list[InFlightMessage]:
        """Messages that become visible to others before that instant."""
        return [tracked for tracked in self._tracked.values() if tracked.visibility_deadline < before]

    def settled(self) -> list[InFlightMessage]:
        return [tracked for tracked in self._tracked.values() if tracked.is_settled]

    def unsettled(self) -> list[InFlightMessage]:
        return [tracked for tracked in self._tracked.values() if not tracked.is_settled]

    def report(self, *, now: float, empty_at: dt.datetime | None) -> InFlightReport:
        """What the queue counts as in flight because of this run, and how old the unsettled part of it is."""
        invisible = [each for each in self._released.values() if each.visibility_deadline > now]
        visible_again = [each for each in self._released.values() if each.visibility_deadline <= now]
        return InFlightReport(
            in_flight=len(self._tracked) + len(invisible),
            oldest_unsettled=_oldest([*self.unsettled(), *invisible]),
            oldest_released=_oldest(visible_again),
            empty_at=empty_at,
        )

    def _untrack(self, tracked: InFlightMessage) -> None:
        if self._tracked.pop(tracked.message.message_id, None) is not None:
            self.events -= tracked.size


class Acknowledger:
    """Touched by the thread that owns the run's state only; its requests run on *threads* threads of the pool QUEUE."""

    def __init__(
        self,
        pools: TaskPools,
        queue: MeteredQueue,
        in_flight: InFlightMessages,
        *,
        retry_policy: RetryPolicy,
        threads: int,
    ) -> None:
        self._pools = pools
        self._queue = queue
        self._in_flight = in_flight
        self._retry_policy = retry_policy
        self._threads = threads
        self._to_acknowledge: deque[InFlightMessage] = deque()
        self._to_release: list[InFlightMessage] = []
        self._extended_at = time.monotonic()

    def acknowledge(self, messages: Iterable[InFlightMessage]) -> None:
        """Have settled messages deleted as soon as there are ten, or no more to wait for."""
        self._to_acknowledge.extend(messages)

    def release(self, messages: Iterable[InFlightMessage]) -> None:
        """Have unsettled messages given back, to come again after a delay."""
        self._to_release.extend(messages)

    def start_deletes(self, *, more_expected: bool) -> None:
        """Start no more requests than run at once: when a snapshot of the queue is due, they must soon be over."""
        while self._pools.busy(QUEUE) < self._threads:
            if len(self._to_acknowledge) < (SQS_BATCH_SIZE if more_expected else 1):
                return
            size = min(SQS_BATCH_SIZE, len(self._to_acknowledge))
            batch = [self._to_acknowledge.popleft() for _ in range(size)]
            delete = partial(self._queue.delete, [each.message for each in batch])
            self._pools.submit(QUEUE, partial(self._retry_policy.call, delete), partial(self._deleted, batch))

    def start_releases(self, *, delay_seconds: int) -> None:
        for batch in batched(self._to_release, SQS_BATCH_SIZE):
            details = [detail for each in batch for _, detail in each.failed]
            unsettled = counted(len(batch), "message")
            _log.warning("%s could not be settled, to come again: %s", unsettled, "; ".join(details[:1]))
            release = partial(self._extend, batch, delay_seconds)
            self._pools.submit(QUEUE, release, partial(self._released, batch, delay_seconds))
        self._to_release = []

    def start_extensions(self) -> None:
        """Move the visibility deadline of slow messages before half of it has passed."""
        now, visibility_seconds = time.monotonic(), self._queue.visibility_seconds
        if now - self._extended_at < min(1, visibility_seconds / 8):
            return
        self._extended_at = now
        expiring = self._in_flight.expiring(before=now + visibility_seconds / 2)
        for batch in batched(expiring, SQS_BATCH_SIZE):
            for each in batch:
                each.visibility_deadline = now + visibility_seconds
            self._pools.submit(QUEUE, partial(self._extend, batch, visibility_seconds), lambda _: None)

    def release_all(self) -> None:
        """Delete what is settled and give back the rest at once, as far as the queue can be reached.

        What cannot be released comes again at its visibility deadline.
        """
        settled, unsettled = self._in_flight.settled(), self._in_flight.unsettled()
        retry_policy = dataclasses.replace(
            self._retry_policy,
            cancel_event=threading.Event(),
            budget_seconds=min(_RELEASE_ALL_BUDGET_SECONDS, self._retry_policy.budget_seconds),
        )
        requests: list[Callable[[], object]] = [
            *(
                partial(self._queue.delete, [each.message for each in batch])
                for batch in batched(settled, SQS_BATCH_SIZE)
            ),
            *(
                partial(self._change_visibility, batch, visibility_seconds=0)
                for batch in batched(unsettled, SQS_BATCH_SIZE)
            ),
        ]
        with ContextThreads(self._threads) as pool:
            try:
                for call in [pool.submit(retry_policy.call, request) for request in requests]:
                    call.result()
            except ServiceError as error:
                pool.shutdown(wait=False, cancel_futures=True)
                _log.warning("not every message could be given back at once: %s", error)

    def _deleted(self, batch: Sequence[InFlightMessage], undeleted: Sequence[QueuedMessage]) -> None:
        self._in_flight.acknowledge(batch, undeleted=undeleted)

    def _released(self, batch: Sequence[InFlightMessage], delay_seconds: int, _: None) -> None:
        for each in batch:
            self._in_flight.release(each, visibility_deadline=time.monotonic() + delay_seconds)

    def _extend(self, batch: Sequence[InFlightMessage], visibility_seconds: int) -> None:
        # Extensions begin at half the visibility timeout: after three quarters of it they would hardly help.
        retry_policy = dataclasses.replace(self._retry_policy, budget_seconds=self._queue.visibility_seconds / 4)
        try:
            retry_policy.call(partial(self._change_visibility, batch, visibility_seconds=visibility_seconds))
        except ServiceUnavailableError as error:
            # Then they come again early, which costs a second write and harms nothing.
            _log.warning("%s may come again early: %s", counted(len(batch), "message"), error)

    def _change_visibility(self, batch: Sequence[InFlightMessage], *, visibility_seconds: int) -> None:
        self._queue.extend([each.message for each in batch], visibility_seconds=visibility_seconds)


def _oldest(messages: Iterable[InFlightMessage]) -> dt.datetime | None:
    return min((each.message.sent_at for each in messages), default=None)
