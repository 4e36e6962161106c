"""Dead letters counted by reason; each one stays on its queue."""

import dataclasses
import datetime as dt
import threading
from collections.abc import Collection, Mapping, Sequence

from signtally.domain.dead_letter_queues import QueueName, explanation_of, known_code
from signtally.domain.dead_letters import BATCH_MESSAGE_ID, DETAIL, code_of, replays_of
from signtally.ports.queue import QueuedMessage
from signtally.services import Services
from signtally.use_cases.dead_letters.queues import elsewhere, pair_of
from signtally.use_cases.dead_letters.scanner import DeadLetterScanner

_SHOWN_CHARACTERS = 300


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """One dead letter, its body cut short."""

    message_id: str
    sent_at: dt.datetime  # to the dead letters
    detail: str
    body: str
    replays: int
    batch_message_id: str | None = None

    @classmethod
    def of(cls, message: QueuedMessage) -> "Sample":
        body, attributes = message.body, message.attributes
        return cls(
            message.message_id,
            message.sent_at,
            attributes.get(DETAIL, ""),
            body if len(body) <= _SHOWN_CHARACTERS else f"{body[: _SHOWN_CHARACTERS - 1]}…",
            replays_of(attributes),
            attributes.get(BATCH_MESSAGE_ID),
        )


@dataclasses.dataclass(slots=True)
class ReasonSummary:
    """All dead letters of one reason; *samples* differ in their details as far as there are different ones."""

    reason: str
    count: int
    oldest: dt.datetime  # when the first was sent to the dead letters
    newest: dt.datetime
    explanation: str = ""  # in one sentence
    replayed: int = 0  # dead letters that came back from a replay
    samples: list[Sample] = dataclasses.field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True)
class DeadLetterListing:
    """By reason, the most frequent first."""

    reasons: Sequence[ReasonSummary]
    is_complete: bool  # False: there may be more, too many to be read at once or coming in faster than they are read
    in_flight_elsewhere: int  # roughly: in flight to another reader when this began, and not counted
    other_queues: Mapping[str, int]  # about how many dead letters those have, where they have any

    @property
    def total(self) -> int:
        return sum(each.count for each in self.reasons)

    def as_dict(self) -> dict[str, object]:
        return {
            "total": self.total,
            "dead_letters": {each.reason: each.count for each in self.reasons},
            "reasons": [each.as_dict() for each in self.reasons],
            "is_complete": self.is_complete,
            "in_flight_elsewhere": self.in_flight_elsewhere,
            "other_queues": dict(self.other_queues),
        }


def list_dead_letters(
    *, services: Services, reasons: Collection[str] = (), samples: int = 3, queue: QueueName = QueueName.EVENTS
) -> DeadLetterListing:
    """Count a queue's dead letters by reason, all or those of *reasons*, with some *samples* of each reason.

    Receives every dead letter and releases it: for the seconds it takes, others do not see them. Raises
    UnknownReasonError, and a ServiceError with everything given back.
    """
    tally = _Tally({known_code(reason, queue=queue) for reason in reasons}, queue=queue, samples=samples)
    dead_letters = pair_of(queue, services=services).dead_letters
    in_flight_elsewhere = dead_letters.depth().in_flight
    scanner = DeadLetterScanner(dead_letters, sent_before=services.clock() + services.settings.clock_skew)
    scanner.scan(tally.handle_batch)
    found = sorted(tally.by_reason.values(), key=lambda each: (-each.count, each.reason))
    return DeadLetterListing(found, scanner.is_complete, in_flight_elsewhere, elsewhere(queue, services=services))


class _Tally:
    """What was seen so far; `handle_batch` is called from several threads."""

    def __init__(self, reasons: Collection[str], *, queue: QueueName, samples: int) -> None:
        self.by_reason: dict[str, ReasonSummary] = {}
        self._reasons = reasons
        self._queue = queue
        self._samples = samples
        self._lock = threading.Lock()

    def handle_batch(self, messages: Sequence[QueuedMessage]) -> Sequence[QueuedMessage]:
        with self._lock:
            for message in messages:
                code = code_of(message.attributes)
                if not self._reasons or code in self._reasons:
                    self._add(message, code)
        return messages

    def _add(self, message: QueuedMessage, code: str) -> None:
        summary = self.by_reason.get(code)
        if summary is None:
            why = explanation_of(code, queue=self._queue)
            summary = self.by_reason[code] = ReasonSummary(code, 0, message.sent_at, message.sent_at, why)
        summary.count += 1
        summary.oldest = min(summary.oldest, message.sent_at)
        summary.newest = max(summary.newest, message.sent_at)
        summary.replayed += replays_of(message.attributes) > 0
        self._sample(summary.samples, message)

    def _sample(self, samples: list[Sample], message: QueuedMessage) -> None:
        if len(samples) < self._samples:
            samples.append(Sample.of(message))
            return
        details = [sample.detail for sample in samples]
        if message.attributes.get(DETAIL, "") in details:
            return
        repeated = next((index for index, detail in enumerate(details) if detail in details[:index]), None)
        if repeated is not None:
            samples[repeated] = Sample.of(message)
