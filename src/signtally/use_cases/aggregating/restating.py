"""Having the daily usage of some tenant-days say what their events say.

A batch of tenant-days reads all events of its days, counts them, and writes the rows that say something else than
before: 100 a request, which is all that grows with the number of tenants. Runs may repeat, overlap and die at any
point: a row's version is the instant before its events were read, so that of two runs the one that knows more wins. A
row that a machine with a fast clock wrote is overtaken by one version: it was read before the events were, so a run
that overtakes it too, and knows less, is refused and looks again.
"""

import dataclasses
import datetime as dt
import functools
import itertools
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from signtally.domain.aggregation import TenantDay, restatement
from signtally.domain.restatements import RestatementReason, restated_days
from signtally.ports.errors import ServiceUnavailableError
from signtally.services import Services
from signtally.stores.touched import TOUCHED
from signtally.use_cases.aggregating.day_reads import CountedDays, is_few, read_days
from signtally.use_cases.aggregating.noted_events import NotedEvents
from signtally.use_cases.aggregating.tenant_days import batches
from signtally.use_cases.aggregating.written_rows import WrittenRows

_log = logging.getLogger(__name__)
_AT_ONCE = 4  # batches: while one waits for Timestream, another is parsed
_ATTEMPTS = 3
_NANOSECONDS_A_MICROSECOND = 1000
_ROW = ("tenant_id", "user_id", "day")
_NOTHING = TOUCHED.to_frame()


@dataclasses.dataclass(frozen=True, slots=True)
class AggregationOutcome:
    """What a run did; *data_through* is what it published, None when it could not or had nothing to."""

    tenant_days: int = 0  # counted again, of those that have any figures
    rows: int = 0  # written: users' days that say something else than before
    restated: int = 0  # of those rows, the ones that had said something else; the others are new
    notes: int = 0  # of touched hours, dealt with
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
    days: Iterable[TenantDay], *, reason: Reasons, services: Services, noted: NotedEvents | None = None
) -> AggregationOutcome:
    """Have the daily usage of these days say what their events say; *noted* learns which events were read.

    Batches for queries go side by side. One that is read in bulk fills memory and processors: they go one by one.
    """
    written = WrittenRows(services.usage_store, services.objects) if noted is None else noted.written
    about = noted or NotedEvents(_NOTHING, written=written)
    work = functools.partial(_restate_batch, reason=reason, services=services, noted=about)
    found = [*batches(days)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        few = pool.map(work, filter(is_few, found))
        outcome = AggregationOutcome.total([*few, *map(work, itertools.filterfalse(is_few, found))])
    if noted is None:
        written.unread()  # what can be read already is forgotten; the rest the next aggregation looks for
    return outcome


def _restate_batch(
    days: Sequence[TenantDay], *, reason: Reasons, services: Services, noted: NotedEvents
) -> AggregationOutcome:
    done, left = AggregationOutcome(), days
    for _ in range(_ATTEMPTS):
        version = time.time_ns() // _NANOSECONDS_A_MICROSECOND  # real time whatever the clock says: it orders runs
        refused: list[TenantDay] = []
        noted.written.look()
        for part in read_days(left, store=services.usage_store, noted=noted):
            rows = restatement(part.counted, existing=part.stored)
            if len(rows):
                _record(part, reason=reason, services=services)
            taken = _put(rows, stored=part.stored, version=version, written=noted.written, services=services)
            done = AggregationOutcome.total([done, _outcome(part, rows, taken=taken)])
            refused += [] if taken == len(rows) else part.days
        if not refused:
            _log.info("counted %d tenant-days from %s on, wrote %d rows", done.tenant_days, days[0].day, done.rows)
            return done
        left = refused  # another run wrote in between and may have known less, when its clock is ahead: look again
    raise ServiceUnavailableError(
        f"rows of daily usage of {days[0].day} keep being written by another run while this one counts them: "
        "the days stay noted, and the next run counts them"
    )


def _put(rows: pl.DataFrame, *, stored: pl.DataFrame, version: int, written: WrittenRows, services: Services) -> int:
    """How many were taken; those that were are remembered until they can be read."""
    taken = 0
    for each, some in _by_version(rows, stored=stored, version=version):
        count = services.usage_store.put_daily_usage(some, version=each)
        if count == len(some):
            written.add(some, version=each)
        taken += count
    return taken


def _outcome(part: CountedDays, rows: pl.DataFrame, *, taken: int) -> AggregationOutcome:
    """Days count once all of their *rows* were taken: until then they are counted again."""
    restated = len(rows.join(part.stored, on=_ROW, how="semi"))
    if taken < len(rows):
        return AggregationOutcome(rows=taken, restated=restated)
    with_figures = pl.concat([each.select("tenant_id", "day") for each in (part.counted, part.stored)]).n_unique()
    return AggregationOutcome(tenant_days=with_figures, rows=taken, restated=restated)


def _by_version(rows: pl.DataFrame, *, stored: pl.DataFrame, version: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """*rows* in this run's *version*, and in the next one those that stand in a later: some clock was ahead."""
    standing = stored.select(*_ROW, after=pl.col("counted_at").dt.epoch("us") + 1)
    versions = pl.max_horizontal(pl.lit(version, pl.Int64), "after")
    ordered = rows.join(standing, on=_ROW, how="left").with_columns(version=versions).drop("after")
    for (each,), some in ordered.group_by("version"):
        assert isinstance(each, int)  # noqa: S101 -- the line above says so; mypy cannot see it
        yield each, some.drop("version")


def _record(part: CountedDays, *, reason: Reasons, services: Services) -> None:
    """Before the rows are written: a crash in between leaves a record that the next run writes again."""
    now = services.clock()
    closed = [(each.tenant_id, each.day) for each in part.days if each.ends <= now]
    reasons = {each.tenant_id: reason for each in part.days} if isinstance(reason, RestatementReason) else reason
    record = restated_days(part.stored, part.counted, closed=closed, reasons=reasons, at=now)
    if len(record):
        services.usage_store.put_restatements(record)
