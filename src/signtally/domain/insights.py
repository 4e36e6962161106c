"""What a report says beyond counts: how long documents took, how many are open, and when the tenant works."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

import polars as pl

from signtally.domain.activity import PeriodActivity
from signtally.domain.document_lifecycles import closed_at
from signtally.domain.time_units import MICROSECOND


@dataclasses.dataclass(frozen=True, slots=True)
class Turnaround:
    """From first sent to completed, over so many *documents*: at least one.

    Exact. A quantile between two documents lies on the line between them, as Excel's PERCENTILE.INC has it.
    """

    documents: int
    mean: dt.timedelta
    median: dt.timedelta
    p90: dt.timedelta


@dataclasses.dataclass(frozen=True, slots=True)
class DocumentFigures:
    """*turnaround* is None when no completed document is known to have been sent before it was completed."""

    completed: int  # distinct documents
    turnaround: Turnaround | None
    open: int  # sent and in no final state


@dataclasses.dataclass(frozen=True, slots=True)
class Insights:
    """With a filter, documents are those that these users sent, and activity is theirs."""

    documents: DocumentFigures
    distinct_documents: int  # with any event in the period; on cohort basis, those sent in it
    activity: PeriodActivity | None  # None on cohort basis, which follows documents wherever their events lie


def figures_until(lives: pl.DataFrame, *, since: dt.datetime, until: dt.datetime) -> DocumentFigures:
    """Of a period, from the documents as they were known when it ended (schema DOCUMENTS)."""
    completed = lives.filter(pl.col("completed_at") >= since, pl.col("completed_at") < until)
    still_open = lives.filter(pl.col("first_sent_at") < until, closed_at().is_null())
    return DocumentFigures(len(completed), turnaround(completed), len(still_open))


def figures_of_cohort(cohort: pl.DataFrame) -> DocumentFigures:
    """Of the documents sent in a period, as they are known now."""
    completed = cohort.filter(pl.col("completed_at").is_not_null())
    return DocumentFigures(len(completed), turnaround(completed), len(cohort.filter(closed_at().is_null())))


def turnaround(completed: pl.DataFrame) -> Turnaround | None:
    """Of completed documents; one that nobody saw sent, or whose clocks say it was completed before, has none."""
    took = completed.select(took=pl.col("completed_at") - pl.col("first_sent_at"))["took"].drop_nulls()
    ordered = took.filter(took >= dt.timedelta()).dt.total_microseconds().sort().to_list()
    if not ordered:
        return None
    return Turnaround(
        documents=len(ordered),
        mean=sum(ordered) // len(ordered) * MICROSECOND,
        median=_quantile(ordered, tenths=5),
        p90=_quantile(ordered, tenths=9),
    )


def _quantile(ordered: Sequence[int], *, tenths: int) -> dt.timedelta:
    """In whole microseconds throughout: no rounding of floats decides what a file says."""
    index, rest = divmod(tenths * (len(ordered) - 1), 10)
    below = ordered[index]
    above = ordered[min(index + 1, len(ordered) - 1)]
    return (below + (above - below) * rest // 10) * MICROSECOND
