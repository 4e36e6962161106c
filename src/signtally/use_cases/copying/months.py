"""One UTC month of a copy: daily usage, restatements and events that the target lacks, in bounded memory.

Rows of daily usage are read before the events that they count: so the target never has a row without its events.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from signtally.domain.events import event_of_row
from signtally.domain.first_received import FIRST_RECEIVED_ORDER
from signtally.domain.periods import Period
from signtally.domain.schemas import DAILY_USAGE, EVENTS, IDENTITY, RESTATEMENTS, STORED_USAGE
from signtally.domain.time_units import MICROSECOND, UNIX_EPOCH
from signtally.ports.usage_store import UsageStore, WriteResult
from signtally.use_cases.copying.outcome import MonthCopy
from signtally.use_cases.importing.writing import ChunkWriter
from signtally.use_cases.reconciling import instants_of

_PART = 500_000  # events, or rows, of either side that are in memory at a time
_CHUNK_EVENTS = 5_000


class MonthCopier:
    """Copies months of one tenant, or of all with None."""

    def __init__(self, source: UsageStore, target: UsageStore, writer: ChunkWriter, *, tenant_id: str | None) -> None:
        self._source = source
        self._target = target
        self._writer = writer
        self._tenant_ids = None if tenant_id is None else [tenant_id]

    def copy(self, month: Period) -> MonthCopy:
        """Write what the target lacks of *month*, and of the hours around it that are its days' in other zones."""
        first, last, who = month.first, month.last, self._tenant_ids
        with (
            self._source.scan_daily_usage(first=first, last=last, tenant_ids=who) as rows,
            self._target.scan_daily_usage(first=first, last=last, tenant_ids=who) as there,
        ):
            tenant_ids = rows.select("tenant_id").unique().collect(engine="streaming")["tenant_id"].sort().to_list()
            events, results = self._copy_events(month)
            return MonthCopy(
                events=events,
                written=results[WriteResult.STORED],
                unlike=results[WriteResult.DUPLICATE],
                refused=results[WriteResult.REFUSED],
                rows=self._copy_rows(rows, there),
                restatements=self._copy_restatements(month, tenant_ids),
            )

    def _copy_events(self, month: Period) -> tuple[int, Counter[WriteResult]]:
        """How many count, and what became of those that the target lacked."""
        since, until = instants_of(month)
        superseded = self._copy_superseded(since, until).lazy()
        of_month = pl.col("occurred_at").dt.date().is_between(month.first, month.last)
        total, results, who = 0, Counter[WriteResult](), self._tenant_ids
        with (
            self._source.scan_events(since=since, until=until, tenant_ids=who) as events,
            self._target.scan_events(since=since, until=until, tenant_ids=who) as there,
        ):
            valid = events.join(superseded, on=[*IDENTITY], how="anti")
            for own, known in _parts(valid, there, by="event_id"):
                lacking = own.join(known.select([*IDENTITY]), on=[*IDENTITY], how="anti")
                total += own.filter(of_month).select(pl.len()).collect(engine="streaming").item()
                results += self._write(lacking.select([*EVENTS]).collect(engine="streaming"))
        return total, results

    def _copy_superseded(self, since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
        """What does not count is not copied; that it does not is, for a store that may be sent it again."""
        found = self._source.superseded(since=since, until=until, tenant_ids=self._tenant_ids)
        if len(found):
            self._target.put_superseded(found)
        return found

    def _write(self, events: pl.DataFrame) -> Counter[WriteResult]:
        """Of events that share an id, the one received first is written first: in some stores it alone stays."""
        ordered = events.sort(*FIRST_RECEIVED_ORDER)
        is_first = pl.col("event_id").is_first_distinct()
        results: Counter[WriteResult] = Counter()
        for rows in (ordered.filter(is_first), ordered.filter(~is_first)):
            for chunk in rows.iter_slices(_CHUNK_EVENTS):
                found = [event_of_row(row) for row in chunk.iter_rows(named=True)]
                results += Counter(each.result for each in self._writer.write(found))
        return results

    def _copy_rows(self, rows: pl.LazyFrame, there: pl.LazyFrame) -> int:
        """As many as were written. The version of a row is the instant at which it was counted."""
        written = 0
        for own, known in _parts(rows, there, by="user_id"):
            lacking = own.join(known, on=[*STORED_USAGE], how="anti", nulls_equal=True).collect(engine="streaming")
            for (counted_at,), group in lacking.group_by("counted_at"):
                version = _microseconds(counted_at)
                refused = self._target.put_daily_usage(group.select([*DAILY_USAGE]), version=version)
                written += len(group) - len(refused)
        return written

    def _copy_restatements(self, month: Period, tenant_ids: Sequence[str]) -> int:
        first, last = month.first, month.last
        found = self._source.restatements(first=first, last=last, tenant_ids=tenant_ids)
        known = self._target.restatements(first=first, last=last, tenant_ids=tenant_ids)
        lacking = found.join(known, on=[*RESTATEMENTS], how="anti", nulls_equal=True)
        if len(lacking):
            self._target.put_restatements(lacking)
        return len(lacking)


def _parts(rows: pl.LazyFrame, there: pl.LazyFrame, *, by: str) -> Iterator[tuple[pl.LazyFrame, pl.LazyFrame]]:
    """Both sides in parts of bounded size that can be compared alone: equal values of *by* are in the same part."""
    most = max(each.select(pl.len()).collect(engine="streaming").item() for each in (rows, there))
    count = 1 + most // _PART
    for index in range(count):
        is_own = pl.col(by).hash() % count == index
        yield rows.filter(is_own), there.filter(is_own)


def _microseconds(instant: object) -> int:
    assert isinstance(instant, dt.datetime)  # noqa: S101 -- the schema says so; mypy cannot see it
    return (instant - UNIX_EPOCH) // MICROSECOND
