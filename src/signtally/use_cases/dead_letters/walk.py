"""One way past every dead letter: received, shown once to a visitor, and given back unless the visitor took it away.

SQS has no peek. A letter that is looked at is invisible to others until the walk ends; one that a killed walk held
comes back by itself after `HIDDEN_SECONDS`.
"""

import dataclasses
import datetime as dt
import itertools
import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

from signtally.ports.errors import ServiceError
from signtally.ports.queue import EventQueue, QueuedMessage

_log = logging.getLogger(__name__)

HIDDEN_SECONDS = 600  # many times what SQS takes to hand out as many as a walk may hold
HELD_LIMIT = 100_000  # messages; SQS lets a queue's consumers hold 120,000 together
THREADS = 8
_POLL_SECONDS = 1  # a long poll asks all of SQS's servers, a short one only some
_FRUITLESS_RECEIVES = 3
_TELL_SECONDS = 5
_TENS = 10  # messages a request

Visit = Callable[[Sequence[QueuedMessage]], Sequence[QueuedMessage]]


class Walk:
    """Over the letters that were sent before *sent_before*, each one once, however often it comes.

    It ends although letters come in or others read too: a thread ends at an empty receive, or after a few that bring
    no letter of before, new to this walk; of those there is a finite number. Its memory is about 0.1 KB a letter,
    1 KB one that it holds, never a body.
    """

    def __init__(self, queue: EventQueue, *, sent_before: dt.datetime, threads: int = THREADS) -> None:
        self._queue = queue
        # SentTimestamp is in whole milliseconds, cut off: one of this very millisecond may have been sent after.
        self._sent_before = sent_before.replace(microsecond=sent_before.microsecond // 1000 * 1000)
        self._threads = threads
        self._lock = threading.Condition()
        self._receiving = 0  # threads that may have letters in their hands
        self._stop = threading.Event()
        self._seen: set[str] = set()  # message ids of letters shown to the visitor
        self._held: dict[str, QueuedMessage] = {}  # without their bodies; to be given back
        self.newer = 0  # letters that came after *sent_before*
        self.is_complete = False  # True: the queue was seen empty

    def run(self, visit: Visit) -> None:
        """Show all letters, ten at most at a time, on several threads; the *visit* returns those to be given back.

        Whatever happens, also Ctrl-C, what is held is given back at the end. Raises what a call to the queue or the
        visitor raises.
        """
        try:
            with ThreadPoolExecutor(self._threads, thread_name_prefix="letters") as pool:
                try:
                    self._follow([pool.submit(self._pass, visit) for _ in range(self._threads)])
                finally:
                    with self._lock:
                        self._stop.set()
        finally:
            # The pool waits for its threads, but a Ctrl-C just as it starts one makes it forget that one.
            with self._lock:
                self._lock.wait_for(lambda: self._receiving == 0)
            self._give_back()

    def _follow(self, passes: Collection[Future[None]]) -> None:
        open_passes = set(passes)
        while open_passes:
            done, open_passes = wait(open_passes, timeout=_TELL_SECONDS, return_when=FIRST_EXCEPTION)
            for finished in done:
                finished.result()
            if open_passes:
                _log.info("%d dead letters seen so far", len(self._seen))

    def _pass(self, visit: Visit) -> None:
        with self._lock:
            if self._stop.is_set():
                return
            self._receiving += 1
        try:
            self._receive_all(visit)
        finally:
            with self._lock:
                self._receiving -= 1
                self._lock.notify_all()

    def _receive_all(self, visit: Visit) -> None:
        fruitless = 0
        while fruitless < _FRUITLESS_RECEIVES and not self._stop.is_set():
            if len(self._held) >= HELD_LIMIT:
                return
            messages = self._queue.receive(wait_seconds=_POLL_SECONDS, visibility_seconds=HIDDEN_SECONDS)
            if not messages:
                self.is_complete = True
                return
            letters = self._taken(messages)
            fruitless = 0 if letters else fruitless + 1
            if letters:
                self._visit(visit, letters)

    def _taken(self, messages: Sequence[QueuedMessage]) -> list[QueuedMessage]:
        """Those to be shown; the others are held, so that they do not come again at once."""
        with self._lock:
            letters = [
                message
                for message in messages
                if message.sent_at < self._sent_before and message.message_id not in self._seen
            ]
            self._seen.update(letter.message_id for letter in letters)
            shown = {letter.message_id for letter in letters}
            others = [message for message in messages if message.message_id not in shown]
            self.newer += sum(
                message.sent_at >= self._sent_before and message.message_id not in self._held for message in others
            )
            self._hold(others)
        return letters

    def _visit(self, visit: Visit, letters: Sequence[QueuedMessage]) -> None:
        given_back = letters  # all of them if the visit fails: to give back what was deleted is no error
        try:
            given_back = visit(letters)
        finally:
            with self._lock:
                self._hold(given_back)

    def _hold(self, messages: Sequence[QueuedMessage]) -> None:
        """Of a message that comes again only the newest receipt is valid."""
        for message in messages:
            self._held[message.message_id] = dataclasses.replace(message, body="", attributes={})

    def _give_back(self) -> None:
        held = iter(self._held.values())
        tens = iter(lambda: list(itertools.islice(held, _TENS)), [])
        with ThreadPoolExecutor(self._threads, thread_name_prefix="letters") as pool:
            calls = [pool.submit(self._queue.extend, some, visibility_seconds=0) for some in tens]
            try:
                for call in calls:
                    call.result()
            except ServiceError as error:
                pool.shutdown(wait=False, cancel_futures=True)
                _log.warning("not every dead letter could be given back; they come by themselves soon: %s", error)
