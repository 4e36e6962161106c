"""What an ingest run did, and how far it has come."""

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

    def rates(self, *, seconds: float) -> dict[str, float | None]:
        """Requests per event and events per second of a run that took *seconds*; None where there was no event."""
        return {
            "requests_per_event": round(self.requests / self.received, 4) if self.received else None,
            "events_per_second": round(self.received / seconds, 1) if seconds else None,
            "seconds": round(seconds, 1),
        }

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
    """The state of a run while it lasts; the queue's figures are approximate."""

    outcome: IngestOutcome
    seconds: float  # since the run began
    at: dt.datetime  # aware, UTC
    acknowledged: int  # messages that this run has deleted from the queue
    visible: int
    in_flight: int
    oldest_unsettled: dt.datetime | None  # when the oldest message in flight that is not settled was sent

    @property
    def backlog(self) -> int:
        """Messages known to be on the queue, visible or in flight."""
        return self.visible + self.in_flight

    @property
    def share_done(self) -> float:
        """From 0 to 1, of the messages known to be there; it falls when more are sent than are acknowledged."""
        known = self.acknowledged + self.backlog
        return self.acknowledged / known if known else 1.0

    @property
    def oldest_age(self) -> dt.timedelta | None:
        """How long ago the oldest unsettled message was sent; never negative, though our clock may lag behind SQS's."""
        return None if self.oldest_unsettled is None else max(self.at - self.oldest_unsettled, dt.timedelta())

    @property
    def events_per_second(self) -> float:
        return self.outcome.received / self.seconds if self.seconds else 0.0

    def events_per_second_since(self, earlier: "IngestProgress | None") -> float:
        """The rate between two states of one run; without an earlier one, since its beginning."""
        seconds = self.seconds - (earlier.seconds if earlier else 0.0)
        events = self.outcome.received - (earlier.outcome.received if earlier else 0)
        return events / seconds if seconds else 0.0

    def time_left(self, earlier: "IngestProgress | None") -> dt.timedelta | None:
        """How long the backlog takes at the rate since *earlier*; None when nothing was acknowledged since."""
        seconds = self.seconds - (earlier.seconds if earlier else 0.0)
        acknowledged = self.acknowledged - (earlier.acknowledged if earlier else 0)
        return dt.timedelta(seconds=self.backlog * seconds / acknowledged) if acknowledged else None
