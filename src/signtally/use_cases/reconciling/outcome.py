"""The outcome of a reconciliation."""

import dataclasses

from signtally.domain.counted import counted
from signtally.domain.periods import Period
from signtally.domain.reconciliation import Difference, ReportDifference


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileOutcome:
    """*mismatches* and *report_mismatches* are complete up to 100,000 each; *mismatched* counts all of both."""

    period: Period  # of the local days that were compared, as far as they were over
    superseded: int  # events found not to count, because their id had been received before
    tenants: int
    tenant_days: int
    pending: int  # tenant-days that differ because events of them are not counted yet
    reports: int
    reports_skipped: int  # on the cohort basis, or older than what this compares
    mismatched: int
    mismatches: tuple[Difference, ...]
    report_mismatches: tuple[ReportDifference, ...]
    held: tuple[str, ...]  # tenants whose scheduled sends wait now, of those that were looked at
    lifted: tuple[str, ...]  # tenants whose scheduled sends go on

    @property
    def is_clean(self) -> bool:
        return self.mismatched == 0

    def as_dict(self) -> dict[str, object]:
        figures = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        del figures["period"]
        differences = {
            "mismatches": [each.as_dict() for each in self.mismatches],
            "report_mismatches": [each.as_dict() for each in self.report_mismatches],
        }
        return {"from": self.period.first.isoformat(), "to": self.period.last.isoformat(), **figures, **differences}

    def figures(self) -> dict[str, object]:
        """Without the lists."""
        lists = ("mismatches", "report_mismatches", "held", "lifted")
        return {name: value for name, value in self.as_dict().items() if name not in lists} | {
            "held": len(self.held),
            "lifted": len(self.lifted),
        }

    def __str__(self) -> str:
        first, last = self.period.first, self.period.last
        days, tenants = counted(self.tenant_days, "day"), counted(self.tenants, "tenant")
        looked = f"{days} of {tenants} from {first} to {last} and {counted(self.reports, 'report')}"
        if self.is_clean:
            return f"{looked}: events = aggregates = reports; {counted(self.pending, 'day')} pending"
        found = counted(self.mismatched, "mismatch", "mismatches")
        return f"{looked}: {found} of {counted(len(self.held), 'tenant')}, whose scheduled sends are held"
