"""What an import has done, and what is seen of it while it lasts."""

import dataclasses
from collections import Counter
from collections.abc import Mapping

from signtally.domain.counted import counted


@dataclasses.dataclass(frozen=True, slots=True)
class ImportOutcome:
    """Counts of the whole import, however often it was broken off: rows = stored + duplicates + the rejected.

    *stored* are new in the usage store. *duplicates* were there already, through the queue or another import, or came
    earlier in the same rows.
    """

    rows: int = 0
    stored: int = 0
    duplicates: int = 0
    rejected: Mapping[str, int] = dataclasses.field(default_factory=dict)  # by reason

    def as_dict(self) -> dict[str, object]:
        return {
            "rows": self.rows,
            "stored": self.stored,
            "duplicates": self.duplicates,
            "rejected": dict(self.rejected),
        }

    def __add__(self, more: "ImportOutcome") -> "ImportOutcome":
        rejected = Counter(self.rejected) + Counter(more.rejected)
        return ImportOutcome(
            self.rows + more.rows,
            self.stored + more.stored,
            self.duplicates + more.duplicates,
            dict(sorted(rejected.items())),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class ImportProgress:
    """A look at a run while it lasts."""

    outcome: ImportOutcome  # of the whole import
    rows_here: int  # read by this very run
    seconds: float
    fraction: float | None  # of the whole; None: nobody knows

    @property
    def rows_per_second(self) -> float:
        return self.rows_here / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        share = "" if self.fraction is None else f", {self.fraction:.1%} done"
        rejected = sum(self.outcome.rejected.values())
        return (
            f"{counted(self.outcome.rows, 'row')}, {self.rows_per_second:.0f} a second{share}: "
            f"{self.outcome.stored} stored, {counted(self.outcome.duplicates, 'duplicate')}, {rejected} rejected"
        )
