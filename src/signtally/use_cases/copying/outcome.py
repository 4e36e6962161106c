"""What a copy has done, and whether the two stores say the same."""

import dataclasses
from collections.abc import Iterable

from signtally.domain.counted import counted
from signtally.domain.periods import Period
from signtally.domain.reconciliation import Difference, ReportDifference


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MonthCopy:
    """Of one UTC month. *events* are those that count; of them, some were *written* and the others there already."""

    events: int = 0
    written: int = 0
    unlike: int = 0  # not written, because their id stands in the target with another time, user or tenant
    refused: int = 0  # that the target does not take, such as those beyond its retention
    rows: int = 0  # of daily usage, written because they were missing or said something else
    restatements: int = 0  # written

    @classmethod
    def total(cls, parts: Iterable["MonthCopy"]) -> "MonthCopy":
        found = [*parts]
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{name: sum(getattr(each, name) for each in found) for name in names})


@dataclasses.dataclass(frozen=True, slots=True)
class CopyProgress:
    month: Period
    copied: MonthCopy

    def __str__(self) -> str:
        done = self.copied
        events, rows = counted(done.events, "event"), counted(done.rows, "row")
        return f"{self.month.name}: {events}, {done.written} written; {rows} written"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a reconciliation of one side found; it holds nobody and mends nothing."""

    tenant_days: int
    pending: int  # tenant-days that differ because events of them are not counted yet
    mismatches: tuple[Difference, ...]
    report_mismatches: tuple[ReportDifference, ...]

    @property
    def is_clean(self) -> bool:
        return not self.mismatches and not self.report_mismatches

    def as_dict(self) -> dict[str, object]:
        return {
            "tenant_days": self.tenant_days,
            "pending": self.pending,
            "mismatches": [each.as_dict() for each in self.mismatches],
            "report_mismatches": [each.as_dict() for each in self.report_mismatches],
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CopyOutcome:
    """*source* and *target* are None when nothing was to be proved."""

    months: int
    copied: MonthCopy
    names_forgotten: int  # of users who were erased since an earlier copy
    source: Proof | None
    target: Proof | None

    @property
    def is_level(self) -> bool:
        """Whether everything is there, and both sides agree with themselves and with the reports."""
        proofs = [each for each in (self.source, self.target) if each is not None]
        return not self.copied.refused and all(each.is_clean for each in proofs)

    def as_dict(self) -> dict[str, object]:
        proofs = {"source": self.source, "target": self.target}
        return {
            "months": self.months,
            **dataclasses.asdict(self.copied),
            "names_forgotten": self.names_forgotten,
            **{name: proof.as_dict() if proof else None for name, proof in proofs.items()},
        }
