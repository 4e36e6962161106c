"""The periods up to and including the one that is reported: how the measures moved."""

import dataclasses

from signtally.domain.actions import Counts
from signtally.domain.documents import Cohort
from signtally.domain.periods import Period

TREND_PERIODS = 12  # before the reported one


@dataclasses.dataclass(frozen=True, slots=True)
class TrendPoint:
    """One period of the reported kind; the last point is the reported period itself, clipped to today."""

    period: Period
    totals: Counts
    cohort: Cohort  # documents sent in that period, as they stand by now
