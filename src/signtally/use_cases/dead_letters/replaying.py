"""Another try for dead letters: back to the queue, where ingest finds them as if they had just been sent."""

import dataclasses
import logging
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from signtally.domain.dead_letters import code_of, known_code, replayed_attributes
from signtally.ports.errors import AccessRefusedError, NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage, QueuedMessage
from signtally.services import Services
from signtally.use_cases.dead_letters.walk import THREADS, Walk

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOutcome:
    """In letters, by reason; of a dry run *replayed* is what a real one would have taken."""

    dry_run: bool
    replayed: Mapping[str, int]
    left: Mapping[str, int]  # of other reasons than those asked for
    refused: Mapping[str, int]  # the queue would not take them; they are dead letters still
    newer: int  # came in while the run lasted, and were left
    is_complete: bool  # False: there may be more, too many being left or coming in to reach all
    held_elsewhere: int  # roughly: letters that another reader held when the run began, and that it did not see

    @property
    def total(self) -> int:
        return sum(self.replayed.values())

    def as_dict(self) -> dict[str, object]:
        return {**dataclasses.asdict(self), "total": self.total}


def replay_dead_letters(
    *, services: Services, reasons: Collection[str] = (), dry_run: bool = False, threads: int = THREADS
) -> ReplayOutcome:
    """Move the letters that are there now, all or those of *reasons*, to the queue of events; each goes once.

    Body and the sender's attributes stay, ours go, and `replays` is raised: what fails again comes back with it. A
    letter that comes back while the run lasts waits for the next run. It is sent first and deleted then; killed in
    between, a run leaves a letter that was sent, and its event, sent twice, counts once. A dry run moves nothing.
    Raises UnknownReasonError, and a ServiceError with what was not replayed given back.
    """
    wanted = {known_code(reason) for reason in reasons}
    services.queue.depth()  # refuse to begin where nothing could be sent
    held_elsewhere = services.dead_letters.depth().in_flight
    began = services.clock()
    if not dry_run:
        # What the queue's clock says may lag behind ours: a letter that we cause must not look older than our start.
        time.sleep(services.settings.clock_skew.total_seconds())
    walk = Walk(services.dead_letters, sent_before=began, threads=threads)
    replay = _Replay(services, wanted, dry_run=dry_run)
    try:
        walk.run(replay.visit)
    except BaseException:
        _log.warning("the replay broke off; replayed before that: %s", dict(replay.replayed) or "nothing")
        raise
    return ReplayOutcome(
        dry_run=dry_run,
        replayed=dict(sorted(replay.replayed.items())),
        left=dict(sorted(replay.left.items())),
        refused=dict(sorted(replay.refused.items())),
        newer=walk.newer,
        is_complete=walk.is_complete,
        held_elsewhere=held_elsewhere,
    )


class _Replay:
    """What was moved so far; `visit` is called from several threads."""

    def __init__(self, services: Services, reasons: Collection[str], *, dry_run: bool) -> None:
        self.replayed: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._services = services
        self._reasons = reasons
        self._dry_run = dry_run
        self._lock = threading.Lock()

    def visit(self, letters: Sequence[QueuedMessage]) -> Sequence[QueuedMessage]:
        wanted = [letter for letter in letters if not self._reasons or code_of(letter.attributes) in self._reasons]
        left = [letter for letter in letters if letter not in wanted]
        self._count(self.left, left)
        if self._dry_run:
            self._count(self.replayed, wanted)
            return letters
        sent = self._sent(wanted)
        refused = [letter for letter in wanted if letter not in sent]
        self._count(self.refused, refused)
        self._count(self.replayed, sent)
        undeleted = self._services.dead_letters.delete(sent)
        if undeleted:
            _log.warning("%d replayed letters could not be deleted: they are dead letters still", len(undeleted))
        return [*left, *refused, *undeleted]

    def _sent(self, letters: Sequence[QueuedMessage]) -> Sequence[QueuedMessage]:
        """Send all, or else those that the queue takes when they go alone: one must not hold up the others."""
        try:
            self._send(letters)
        except (AccessRefusedError, NotProvisionedError, ServiceUnavailableError):
            raise
        except ServiceError as error:
            if len(letters) > 1:
                return [letter for letter in letters if self._sent([letter])]
            _log.warning("message %s cannot go back to the queue: %s", letters[0].message_id, error)
            return []
        return letters

    def _send(self, letters: Sequence[QueuedMessage]) -> None:
        outgoing = [
            OutgoingMessage(letter.body, replayed_attributes(letter.body, letter.attributes)) for letter in letters
        ]
        self._services.queue.send(outgoing)

    def _count(self, counts: Counter[str], letters: Sequence[QueuedMessage]) -> None:
        with self._lock:
            counts.update(code_of(letter.attributes) for letter in letters)
