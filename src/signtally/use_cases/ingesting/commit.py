"""The commit of messages: touched hours are recorded and dead letters sent, both before anything is acknowledged."""

import logging
import time
from collections.abc import Iterator, Sequence
from functools import partial

from signtally.domain.dead_letters import dead_letter_attributes
from signtally.domain.message_attributes import MessageLimits
from signtally.ports.errors import AccessRefusedError, NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage
from signtally.retries import RetryPolicy
from signtally.stores.touched_hours import TouchedHours
from signtally.use_cases.ingesting.batching import WriteStage
from signtally.use_cases.ingesting.config import IngestConfig
from signtally.use_cases.ingesting.in_flight import Acknowledger, InFlightMessage
from signtally.use_cases.ingesting.metering import MeteredQueue
from signtally.use_cases.ingesting.task_pools import TaskPools

_log = logging.getLogger(__name__)

COMMIT = "commit"  # a pool of one thread


class CommitStage:
    """Commits what the write stage has done with, many messages at a time; one commit runs at a time.

    `start` belongs to the thread that owns the run's state.
    """

    def __init__(
        self,
        pools: TaskPools,
        committer: "Committer",
        *,
        write_stage: WriteStage,
        acknowledger: Acknowledger,
        config: IngestConfig,
    ) -> None:
        self._pools = pools
        self._committer = committer
        self._write_stage = write_stage
        self._acknowledger = acknowledger
        self._config = config
        self._started_at = time.monotonic()

    def start(self) -> None:
        """Start a commit when enough events wait for one, the last one was long ago, or nothing else is to come."""
        if self._pools.busy(COMMIT) or not self._write_stage.has_done:
            return
        is_full = self._write_stage.done_events >= self._config.commit_events
        is_due = time.monotonic() - self._started_at >= self._config.commit_interval_seconds
        if not (is_full or is_due or self._write_stage.is_idle):
            return
        complete, failed = self._write_stage.take_done()
        self._started_at = time.monotonic()
        commit = partial(self._committer.commit, complete, failed=failed)
        self._pools.submit(COMMIT, commit, partial(self._committed, [*complete, *failed]))

    def _committed(self, messages: Sequence[InFlightMessage], settled: Sequence[InFlightMessage]) -> None:
        for each in messages:
            each.stored = []
        for each in settled:
            each.is_settled = True
            reasons = [part.reason for part in each.parsed.bad] + [reason for _, reason, _ in each.refused]
            self._write_stage.stats.dead_letters.update(str(reason) for reason in reasons)
        self._acknowledger.acknowledge(settled)
        self._acknowledger.release(each for each in messages if not each.is_settled)


class Committer:
    """Called from one pool thread at a time. Raises a ServiceError when a commit cannot be done as a whole.

    A crash between the steps repeats them: recording touched hours is idempotent, a dead letter may be sent twice.
    """

    def __init__(self, touched: TouchedHours, dead_letters: MeteredQueue, *, retry_policy: RetryPolicy) -> None:
        self._touched = touched
        self._dead_letters = dead_letters
        self._retry_policy = retry_policy

    def commit(
        self, complete: Sequence[InFlightMessage], *, failed: Sequence[InFlightMessage]
    ) -> list[InFlightMessage]:
        """Record the touched hours of all, send the dead letters of the *complete*; return those that are settled.

        A message stays unsettled if the dead-letter queue refuses one of its dead letters, as when that queue is made
        for smaller messages: it must not hold up the others, and SQS itself moves it in the end.
        """
        stored = [each.parsed.events[index] for each in [*complete, *failed] for index in each.stored]
        if stored:
            self._retry_policy.call(lambda: self._touched.append(stored))
        try:
            self._send(complete)
        except (AccessRefusedError, NotProvisionedError, ServiceUnavailableError):
            raise
        except ServiceError:
            return [each for each in complete if self._is_accepted(each)]
        return list(complete)

    def _is_accepted(self, message: InFlightMessage) -> bool:
        try:
            self._send([message])
        except (AccessRefusedError, NotProvisionedError, ServiceUnavailableError):
            raise
        except ServiceError as error:
            _log.warning("message %s cannot go to the dead-letter queue: %s", message.message.message_id, error)
            return False
        return True

    def _send(self, messages: Sequence[InFlightMessage]) -> None:
        limits = self._dead_letters.limits
        dead_letters = [dead_letter for each in messages for dead_letter in dead_letters_of(each, limits=limits)]
        if dead_letters:
            self._retry_policy.call(lambda: self._dead_letters.send(dead_letters))


def dead_letters_of(tracked: InFlightMessage, *, limits: MessageLimits) -> Iterator[OutgoingMessage]:
    """One for each part of the message that cannot be counted: bad as it was written, or refused by the store."""
    message, parsed = tracked.message, tracked.parsed
    parts = [(part.json, part.reason, part.detail, part.is_element) for part in parsed.bad]
    parts += [(parsed.own_json(index), reason, detail, parsed.is_batch) for index, reason, detail in tracked.refused]
    for body, reason, detail, is_element in parts:
        attributes = dead_letter_attributes(
            body,
            reason=reason,
            detail=detail,
            limits=limits,
            batch_message_id=message.message_id if is_element else None,
            original=message.attributes,
        )
        yield OutgoingMessage(body, attributes)
