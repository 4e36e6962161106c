"""Restating: bringing the daily usage of tenant-days in line with their events.

A batch of tenant-days reads all events of its days, counts them, and writes the rows that differ, 100 a request: only
the number of these requests grows with the number of tenants. Runs may repeat, overlap and die at any point: a row's
version is the instant before its events were read, so of two runs the one that read later wins. A row that a machine
with a fast clock wrote is overtaken by one version: it was read before the events were, so another run that overtakes
it too, and knows less, is refused and reads again.
"""

import dataclasses
import datetime as dt
import functools
import itertools
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from signtally.domain.aggregation import TenantDay, restatement
from signtally.domain.counted import counted
from signtally.domain.restatements import RestatementReason, restated_days
from signtally.domain.schemas import DAILY_USAGE, STANDING_ROWS, USER_DAY_KEY
from signtally.domain.time_units import UNIX_EPOCH
from signtally.ports.errors import ServiceUnavailableError
from signtally.services import Services
from signtally.stores.touched_hours import TOUCHED
from signtally.threads import ContextThreads
from signtally.use_cases.aggregating.day_reads import CountedDays, fits_queries, read_days
from signtally.use_cases.aggregating.read_back import ReadBackCheck
from signtally.use_cases.aggregating.tenant_days import batches
from signtally.use_cases.aggregating.written_rows import WrittenRows

_log = logging.getLogger(__name__)
_CONCURRENT_BATCHES = 4  # while one waits for Timestream, another is parsed
_MAX_ATTEMPTS = 3
_NANOSECONDS_PER_MICROSECOND = 1000
_MAX_VERSION = 2**63 - 1
_NO_TOUCHED_EVENTS = TOUCHED.to_frame()


@dataclasses.dataclass(frozen=True, slots=True)
class AggregationOutcome:
    """What a run did; *data_through* is the watermark that it published, None when it published none."""

    tenant_days: int = 0  # counted again, of those that have any figures
    rows: int = 0  # written: users' days that say something else than before
    restated: int = 0  # of those rows, the ones that had said something else; the others are new
    notes: int = 0  # touched batches that were dealt with
    unreadable: int = 0  # events that are stored and could not be read yet; they are tried again
    data_through: dt.datetime | None = None

    @classmethod
    def total(cls, parts: "Iterable[AggregationOutcome]") -> "AggregationOutcome":
        many = list(parts)
        return cls(**{name: sum(getattr(each, name) for each in many) for name in _FIGURES})

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


_FIGURES = ("tenant_days", "rows", "restated", "notes", "unreadable")
Reasons = RestatementReason | Mapping[str, RestatementReason]  # one for all, or by tenant


def restate(
    days: Iterable[TenantDay], *, reason: Reasons, services: Services, read_back: ReadBackCheck | None = None
) -> AggregationOutcome:
    """Count *days* from their events and write the rows of daily usage that differ. Idempotent.

    *reason* is recorded for days that were over, for all tenants or by tenant; *read_back* observes the events that
    were read. Batches for queries run four at a time, bulk reads one by one, for each fills memory and processors.
    Raises ServiceUnavailableError when other runs kept writing the same rows, and other ServiceErrors.
    """
    written = WrittenRows(services.usage_store, services.objects) if read_back is None else read_back.written
    check = read_back or ReadBackCheck(_NO_TOUCHED_EVENTS, written=written)
    work = functools.partial(_restate_batch, reason=reason, services=services, read_back=check)
    found = [*batches(days)]
    with ContextThreads(_CONCURRENT_BATCHES) as pool:
        by_query = pool.map(work, filter(fits_queries, found))
        outcome = AggregationOutcome.total([*by_query, *map(work, itertools.filterfalse(fits_queries, found))])
    if read_back is None or written.is_large:
        written.unread_days()  # forgets rows that can be read by now; the next aggregation looks for the rest
    return outcome


def _restate_batch(
    days: Sequence[TenantDay], *, reason: Reasons, services: Services, read_back: ReadBackCheck
) -> AggregationOutcome:
    done, left, standing = AggregationOutcome(), days, STANDING_ROWS.to_frame()
    for _ in range(_MAX_ATTEMPTS):
        version = time.time_ns() // _NANOSECONDS_PER_MICROSECOND  # real time whatever the clock says: it orders runs
        refused: list[TenantDay] = []
        read_back.written.refresh()
        for part in read_days(left, store=services.usage_store, read_back=read_back):
            rows = restatement(part.counted, existing=part.stored)
            if len(rows):
                _record(part, reason=reason, services=services)
            writes = _versions(rows, stored=part.stored, standing=standing, counted_at=version)
            refused_rows = pl.concat(
                [
                    STANDING_ROWS.to_frame(),
                    *(_put(each, written=read_back.written, services=services) for each in writes),
                ]
            )
            done = AggregationOutcome.total([done, _outcome(part, rows, refused=len(refused_rows))])
            refused += part.days if len(refused_rows) else []
            highest = pl.concat([standing, refused_rows]).group_by(USER_DAY_KEY).agg(pl.col("version").max())
            standing = highest.match_to_schema(STANDING_ROWS)
        if not refused:
            tenant_days, written = counted(done.tenant_days, "tenant-day"), counted(done.rows, "row")
            _log.info("counted %s from %s on, wrote %s", tenant_days, days[0].day, written)
            return done
        left = refused  # another run wrote in between and may have known less, or somebody in a higher version
    row = standing.sort(*USER_DAY_KEY).row(0, named=True)
    raise ServiceUnavailableError(
        f"daily usage of {row['tenant_id']}, {row['user_id']} on {row['day']} (version {row['version']}) keeps being "
        "written by another run, or stands in a version that none exceeds: the next run tries again"
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _VersionedRows:
    """*version* and *counted_at* in microseconds since 1970; a version raised above another's is no instant."""

    rows: pl.DataFrame
    version: int
    counted_at: int


def _versions(
    rows: pl.DataFrame, *, stored: pl.DataFrame, standing: pl.DataFrame, counted_at: int
) -> Iterator[_VersionedRows]:
    """*rows* in version *counted_at*, or one above the version in which they stand (*standing*, STANDING_ROWS).

    An instant that was stored by a machine whose clock is ahead is overtaken too.
    """
    seen = stored.select(*USER_DAY_KEY, seen=pl.col("counted_at").dt.epoch("us"))
    known = rows.join(seen, on=USER_DAY_KEY, how="left").join(standing, on=USER_DAY_KEY, how="left")
    instants = pl.max_horizontal(pl.lit(counted_at, pl.Int64), pl.col("seen") + 1)
    versioned = known.with_columns(instant=instants).with_columns(
        above=pl.max_horizontal("instant", pl.col("version").clip(upper_bound=_MAX_VERSION - 1) + 1)
    )
    for (version, instant), some in versioned.group_by("above", "instant"):
        yield _VersionedRows(some.select([*DAILY_USAGE]), int(str(version)), int(str(instant)))


def _put(write: _VersionedRows, *, written: WrittenRows, services: Services) -> pl.DataFrame:
    """Write rows, remember those that were taken until they can be read, and return the others (STANDING_ROWS)."""
    counted_at = UNIX_EPOCH + dt.timedelta(microseconds=write.counted_at)
    refused = services.usage_store.put_daily_usage(write.rows, version=write.version, counted_at=counted_at)
    taken = write.rows.join(refused, on=USER_DAY_KEY, how="anti")
    if len(taken):
        written.add(taken, counted_at=counted_at)
    return refused


def _outcome(part: CountedDays, rows: pl.DataFrame, *, refused: int) -> AggregationOutcome:
    """Days count once none of their *rows* was refused: until then they are counted again."""
    restated = len(rows.join(part.stored, on=USER_DAY_KEY, how="semi"))
    if refused:
        return AggregationOutcome(rows=len(rows) - refused, restated=restated)
    with_figures = pl.concat([each.select("tenant_id", "day") for each in (part.counted, part.stored)]).n_unique()
    return AggregationOutcome(tenant_days=with_figures, rows=len(rows), restated=restated)


def _record(part: CountedDays, *, reason: Reasons, services: Services) -> None:
    """Before the rows are written: a crash in between leaves a record that the next run writes again."""
    now = services.clock()
    closed = [(each.tenant_id, each.day) for each in part.days if each.ends <= now]
    reasons = {each.tenant_id: reason for each in part.days} if isinstance(reason, RestatementReason) else reason
    record = restated_days(part.stored, part.counted, closed=closed, reasons=reasons, at=now)
    if len(record):
        services.usage_store.put_restatements(record)
