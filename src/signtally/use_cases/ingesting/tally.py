"""The running count of an ingest run."""

import dataclasses
from collections import Counter

from signtally.domain.ingest_outcome import IngestOutcome
from signtally.use_cases.ingesting.counted_ports import RequestCount


@dataclasses.dataclass(slots=True)
class Tally:
    """Counts what is settled; what is in hand or went back to the queue is in no figure."""

    requests: RequestCount
    stored: int = 0
    duplicates: int = 0
    dead_letters: Counter[str] = dataclasses.field(default_factory=Counter)

    def outcome(self) -> IngestOutcome:
        return IngestOutcome(
            received=self.stored + self.duplicates + self.dead_letters.total(),
            stored=self.stored,
            duplicates=self.duplicates,
            dead_letters=dict(sorted(self.dead_letters.items())),
            requests=self.requests.total,
        )
