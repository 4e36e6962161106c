"""A look at the dead letters that leaves each one where it is."""

import dataclasses
import datetime as dt
import threading
from collections.abc import Collection, Sequence

from signtally.domain.dead_letters import BATCH_MESSAGE_ID, DETAIL, code_of, explanation_of, known_code, replays_of
from signtally.ports.queue import QueuedMessage
from signtally.services import Services
from signtally.use_cases.dead_letters.walk import Walk

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
    def of(cls, letter: QueuedMessage) -> "Sample":
        body, attributes = letter.body, letter.attributes
        return cls(
            letter.message_id,
            letter.sent_at,
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
    replayed: int = 0  # letters that came back from a replay
    samples: list[Sample] = dataclasses.field(default_factory=list)

    @property
    def explanation(self) -> str:
        return explanation_of(self.reason)

    def as_dict(self) -> dict[str, object]:
        return {**dataclasses.asdict(self), "explanation": self.explanation}


@dataclasses.dataclass(frozen=True, slots=True)
class DeadLetterListing:
    """By reason, the most frequent first."""

    reasons: Sequence[ReasonSummary]
    is_complete: bool  # False: there may be more, too many to be held at once or coming in faster than they are read
    held_elsewhere: int  # roughly: letters that another reader held when this look began, and that are not in it

    @property
    def total(self) -> int:
        return sum(each.count for each in self.reasons)

    def as_dict(self) -> dict[str, object]:
        return {
            "total": self.total,
            "dead_letters": {each.reason: each.count for each in self.reasons},
            "reasons": [each.as_dict() for each in self.reasons],
            "is_complete": self.is_complete,
            "held_elsewhere": self.held_elsewhere,
        }


def list_dead_letters(*, services: Services, reasons: Collection[str] = (), samples: int = 3) -> DeadLetterListing:
    """Count the dead letters by reason, all or those of *reasons*, with some *samples* of each reason.

    Receives every letter and gives it back: for the seconds it takes, others do not see them. Raises
    UnknownReasonError, and a ServiceError with everything given back.
    """
    tally = _Tally({known_code(reason) for reason in reasons}, samples=samples)
    held_elsewhere = services.dead_letters.depth().in_flight
    walk = Walk(services.dead_letters, sent_before=services.clock() + services.settings.clock_skew)
    walk.run(tally.visit)
    found = sorted(tally.by_reason.values(), key=lambda each: (-each.count, each.reason))
    return DeadLetterListing(found, walk.is_complete, held_elsewhere)


class _Tally:
    """What was seen so far; `visit` is called from several threads."""

    def __init__(self, reasons: Collection[str], *, samples: int) -> None:
        self.by_reason: dict[str, ReasonSummary] = {}
        self._reasons = reasons
        self._samples = samples
        self._lock = threading.Lock()

    def visit(self, letters: Sequence[QueuedMessage]) -> Sequence[QueuedMessage]:
        with self._lock:
            for letter in letters:
                code = code_of(letter.attributes)
                if not self._reasons or code in self._reasons:
                    self._add(letter, code)
        return letters

    def _add(self, letter: QueuedMessage, code: str) -> None:
        summary = self.by_reason.setdefault(code, ReasonSummary(code, 0, letter.sent_at, letter.sent_at))
        summary.count += 1
        summary.oldest = min(summary.oldest, letter.sent_at)
        summary.newest = max(summary.newest, letter.sent_at)
        summary.replayed += replays_of(letter.attributes) > 0
        self._sample(summary.samples, letter)

    def _sample(self, samples: list[Sample], letter: QueuedMessage) -> None:
        if len(samples) < self._samples:
            samples.append(Sample.of(letter))
            return
        details = [sample.detail for sample in samples]
        if letter.attributes.get(DETAIL, "") in details:
            return
        repeated = next((place for place, detail in enumerate(details) if detail in details[:place]), None)
        if repeated is not None:
            samples[repeated] = Sample.of(letter)
