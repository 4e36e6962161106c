"""Replay: dead letters go back to their queue, where its consumer finds them as if they had just been sent."""

import dataclasses
import logging
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from signtally.domain.dead_letter_queues import QueueName, known_code
from signtally.domain.dead_letters import code_of, replayed_attributes
from signtally.ports.errors import AccessRefusedError, NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage, QueuedMessage, QueuePair
from signtally.services import Services
from signtally.use_cases.dead_letters.queues import pair_of
from signtally.use_cases.dead_letters.scanner import THREADS, DeadLetterScanner

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOutcome:
    """In dead letters, by reason; of a dry run *replayed* is what a real one would have taken."""

    dry_run: bool
    replayed: Mapping[str, int]
    left: Mapping[str, int]  # of other reasons than those asked for
    refused: Mapping[str, int]  # the queue would not take them; they are dead letters still
    newer: int  # came in while the run lasted, and were left
    is_complete: bool  # False: there may be more, too many being left or coming in to reach all
    in_flight_elsewhere: int  # roughly: in flight to another reader when the run began, and so not seen

    @property
    def total(self) -> int:
        return sum(self.replayed.values())

    def as_dict(self) -> dict[str, object]:
        return {**dataclasses.asdict(self), "total": self.total}


def replay_dead_letters(
    *,
    services: Services,
    reasons: Collection[str] = (),
    dry_run: bool = False,
    queue: QueueName = QueueName.EVENTS,
    threads: int = THREADS,
) -> ReplayOutcome:
    """Move the dead letters of *queue* that are there now, all or those of *reasons*, back to it; each goes once.

    Body and the sender's attributes stay, ours go, and `replays` is raised: what fails again comes back with it. A
    dead letter that comes back while the run lasts waits for the next run. It is sent first and deleted then; killed in
    between, a run leaves a dead letter that was sent, and its event, sent twice, counts once. A dry run moves nothing.
    Raises UnknownReasonError, and a ServiceError with what was not replayed released.
    """
    wanted, pair = {known_code(reason, queue=queue) for reason in reasons}, pair_of(queue, services=services)
    pair.queue.depth()  # refuse to begin where nothing could be sent
    in_flight_elsewhere = pair.dead_letters.depth().in_flight
    began = services.clock()
    if not dry_run:
        # The queue's clock may lag behind ours: a dead letter that we cause must not look older than our start.
        time.sleep(services.settings.clock_skew.total_seconds())
    scanner = DeadLetterScanner(pair.dead_letters, sent_before=began, threads=threads)
    replay = _Replay(pair, wanted, dry_run=dry_run)
    try:
        scanner.scan(replay.handle_batch)
    except BaseException:
        _log.warning("the replay broke off; replayed before that: %s", dict(replay.replayed) or "nothing")
        raise
    return ReplayOutcome(
        dry_run=dry_run,
        replayed=dict(sorted(replay.replayed.items())),
        left=dict(sorted(replay.left.items())),
        refused=dict(sorted(replay.refused.items())),
        newer=scanner.newer,
        is_complete=scanner.is_complete,
        in_flight_elsewhere=in_flight_elsewhere,
    )


class _Replay:
    """What was moved so far; `handle_batch` is called from several threads."""

    def __init__(self, pair: QueuePair, reasons: Collection[str], *, dry_run: bool) -> None:
        self.replayed: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._pair = pair
        self._reasons = reasons
        self._dry_run = dry_run
        self._lock = threading.Lock()

    def handle_batch(self, messages: Sequence[QueuedMessage]) -> Sequence[QueuedMessage]:
        wanted = [message for message in messages if not self._reasons or code_of(message.attributes) in self._reasons]
        left = [message for message in messages if message not in wanted]
        self._count(self.left, left)
        if self._dry_run:
            self._count(self.replayed, wanted)
            return messages
        sent = self._sent(wanted)
        refused = [message for message in wanted if message not in sent]
        self._count(self.refused, refused)
        self._count(self.replayed, sent)
        undeleted = self._pair.dead_letters.delete(sent)
        if undeleted:
            _log.warning("%d replayed dead letters could not be deleted: they are dead letters still", len(undeleted))
        return [*left, *refused, *undeleted]

    def _sent(self, messages: Sequence[QueuedMessage]) -> Sequence[QueuedMessage]:
        """Send all, or else those that the queue takes when they go alone: one must not hold up the others."""
        try:
            self._send(messages)
        except (AccessRefusedError, NotProvisionedError, ServiceUnavailableError):
            raise
        except ServiceError as error:
            if len(messages) > 1:
                return [message for message in messages if self._sent([message])]
            _log.warning("message %s cannot go back to the queue: %s", messages[0].message_id, error)
            return []
        return messages

    def _send(self, messages: Sequence[QueuedMessage]) -> None:
        limits = self._pair.queue.limits
        outgoing = [
            OutgoingMessage(message.body, replayed_attributes(message.body, message.attributes, limits=limits))
            for message in messages
        ]
        self._pair.queue.send(outgoing)

    def _count(self, counts: Counter[str], messages: Sequence[QueuedMessage]) -> None:
        with self._lock:
            counts.update(code_of(message.attributes) for message in messages)
