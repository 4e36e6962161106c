"""What an ingest run did, and how far it is."""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping


@dataclasses.dataclass(frozen=True, slots=True)
class IngestOutcome:
    """In events, bad ones included: received = stored + duplicates + all dead letters.

    *stored* are distinct events, *duplicates* further copies of them; what was left on the queue is in no figure.
    *requests* went to SQS and the usage store.
    """

    received: int = 0
    stored: int = 0
    duplicates: int = 0
    dead_letters: Mapping[str, int] = dataclasses.field(default_factory=dict)  # by reason
    requests: int = 0

    def as_dict(self) -> dict[str, object]:
        return {**{name: getattr(self, name) for name in _FIGURES}, "dead_letters": dict(self.dead_letters)}

    @classmethod
    def merge(cls, outcomes: Iterable["IngestOutcome"]) -> "IngestOutcome":
        """The sum of runs that drained one queue, side by side or one after another."""
        totals: Counter[str] = Counter()
        dead_letters: Counter[str] = Counter()
        for outcome in outcomes:
            totals.update({name: getattr(outcome, name) for name in _FIGURES})
            dead_letters.update(outcome.dead_letters)
        return cls(**{name: totals[name] for name in _FIGURES}, dead_letters=dict(sorted(dead_letters.items())))


_FIGURES = ("received", "stored", "duplicates", "requests")


@dataclasses.dataclass(frozen=True, slots=True)
class IngestProgress:
    """A look at a run while it lasts; the queue's figures are approximate."""

    outcome: IngestOutcome
    seconds: float
    visible: int
    in_flight: int
    oldest_held: dt.datetime | None  # when the oldest message that is being worked on was sent

    @property
    def events_per_second(self) -> float:
        return self.outcome.received / self.seconds if self.seconds else 0.0
