"""A scan of the dead-letter queue: every message is received, handled once, and released unless the handler took it.

SQS has no peek. A dead letter that was received is invisible to others until the scan ends; those of a scan that was
killed become visible by themselves after `VISIBILITY_SECONDS`.
"""

import dataclasses
import datetime as dt
import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait

from signtally.domain.batches import batched
from signtally.ports.errors import ServiceError
from signtally.ports.queue import EventQueue, QueuedMessage
from signtally.threads import ContextThreads

_log = logging.getLogger(__name__)

VISIBILITY_SECONDS = 600  # many times what SQS takes to hand out as many as a scan may have in flight
MAX_IN_FLIGHT = 100_000  # messages; SQS allows 120,000 for all consumers of a queue together
THREADS = 8
_RECEIVE_WAIT_SECONDS = 1  # a long poll asks all of SQS's servers, a short one only some
_MAX_RECEIVES_WITHOUT_NEW = 3
_PROGRESS_INTERVAL_SECONDS = 5
_BATCH_SIZE = 10  # messages a request

# Handles up to ten new dead letters; returns those that are to be released, the others were deleted.
HandleBatch = Callable[[Sequence[QueuedMessage]], Sequence[QueuedMessage]]


class DeadLetterScanner:
    """Scans the dead letters that were sent before *sent_before*, each one once, however often it is received.

    A scan ends although dead letters come in or others receive too: a thread ends at an empty receive, or after a few
    that bring no dead letter of before that is new to this scan; of those there is a finite number. Memory: about
    0.1 KB a dead letter, 1 KB one in flight, never a body.
    """

    def __init__(self, queue: EventQueue, *, sent_before: dt.datetime, threads: int = THREADS) -> None:
        self._queue = queue
        # SentTimestamp is in whole milliseconds, cut off: one of this very millisecond may have been sent after.
        self._sent_before = sent_before.replace(microsecond=sent_before.microsecond // 1000 * 1000)
        self._threads = threads
        self._lock = threading.Condition()
        self._receiving = 0  # threads that may have received messages not yet in `_in_flight`
        self._stop = threading.Event()
        self._seen: set[str] = set()  # ids of messages that were handed to the handler
        self._in_flight: dict[str, QueuedMessage] = {}  # without their bodies; to be released
        self.newer = 0  # dead letters that were sent after *sent_before*
        self.is_complete = False  # True: the queue was seen empty

    def scan(self, handle_batch: HandleBatch) -> None:
        """Call *handle_batch* with all dead letters, ten at most at a time, on several threads.

        Whatever happens, also Ctrl-C, what is in flight is released at the end. Raises what a call to the queue or
        *handle_batch* raises.
        """
        try:
            with ContextThreads(self._threads, thread_name_prefix="dead-letters") as pool:
                try:
                    self._follow([pool.submit(self._run_thread, handle_batch) for _ in range(self._threads)])
                finally:
                    with self._lock:
                        self._stop.set()
        finally:
            # The pool waits for its threads, but a Ctrl-C just as it starts one makes it forget that one.
            with self._lock:
                self._lock.wait_for(lambda: self._receiving == 0)
            self._release_all()

    def _follow(self, threads: Collection[Future[None]]) -> None:
        running = set(threads)
        while running:
            done, running = wait(running, timeout=_PROGRESS_INTERVAL_SECONDS, return_when=FIRST_EXCEPTION)
            for finished in done:
                finished.result()
            if running:
                _log.info("%d dead letters seen so far", len(self._seen))

    def _run_thread(self, handle_batch: HandleBatch) -> None:
        with self._lock:
            if self._stop.is_set():
                return
            self._receiving += 1
        try:
            self._receive_all(handle_batch)
        finally:
            with self._lock:
                self._receiving -= 1
                self._lock.notify_all()

    def _receive_all(self, handle_batch: HandleBatch) -> None:
        without_new = 0
        while without_new < _MAX_RECEIVES_WITHOUT_NEW and not self._stop.is_set():
            if len(self._in_flight) >= MAX_IN_FLIGHT:
                return
            messages = self._queue.receive(wait_seconds=_RECEIVE_WAIT_SECONDS, visibility_seconds=VISIBILITY_SECONDS)
            if not messages:
                self.is_complete = True
                return
            new = self._new(messages)
            without_new = 0 if new else without_new + 1
            if new:
                self._handle(handle_batch, new)

    def _new(self, messages: Sequence[QueuedMessage]) -> list[QueuedMessage]:
        """Those to be handled; the others stay in flight, so that they do not come again at once."""
        with self._lock:
            new = [
                message
                for message in messages
                if message.sent_at < self._sent_before and message.message_id not in self._seen
            ]
            self._seen.update(message.message_id for message in new)
            new_ids = {message.message_id for message in new}
            others = [message for message in messages if message.message_id not in new_ids]
            self.newer += sum(
                message.sent_at >= self._sent_before and message.message_id not in self._in_flight for message in others
            )
            self._keep_in_flight(others)
        return new

    def _handle(self, handle_batch: HandleBatch, new: Sequence[QueuedMessage]) -> None:
        to_release = new  # all of them if the handler fails: to release what was deleted is no error
        try:
            to_release = handle_batch(new)
        finally:
            with self._lock:
                self._keep_in_flight(to_release)

    def _keep_in_flight(self, messages: Sequence[QueuedMessage]) -> None:
        """Of a message that comes again only the newest receipt is valid."""
        for message in messages:
            self._in_flight[message.message_id] = dataclasses.replace(message, body="", attributes={})

    def _release_all(self) -> None:
        batches = batched(self._in_flight.values(), _BATCH_SIZE)
        with ContextThreads(self._threads, thread_name_prefix="dead-letters") as pool:
            calls = [pool.submit(self._queue.extend, batch, visibility_seconds=0) for batch in batches]
            try:
                for call in calls:
                    call.result()
            except ServiceError as error:
                pool.shutdown(wait=False, cancel_futures=True)
                _log.warning("not every dead letter could be released; the rest become visible soon: %s", error)
