"""From events to daily usage: counting again the days that ingest touched, or those that an operator names.

A batch of tenant-days reads all events of its days, counts them, and writes the rows that say something else than
before. Runs may repeat, overlap and die at any point: a row's version is the instant before its events were read, so
that of two runs the one that knows more wins, and notes of touched hours are forgotten only when they are counted.
"""

import dataclasses
import datetime as dt
import functools
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from signtally.domain.aggregation import TenantDay, daily_usage, restatement
from signtally.domain.periods import EARLIEST_DAY, period_between
from signtally.ports.errors import ServiceUnavailableError
from signtally.services import Services
from signtally.stores.freshness import Freshness
from signtally.stores.tenants import Tenants
from signtally.stores.touched import TouchedNote, TouchedNotes
from signtally.use_cases.tenant_days import Calendars, batches, blocks

_log = logging.getLogger(__name__)
_AT_ONCE = 4  # batches: while one waits for Timestream, another is parsed
_ROUND_HOURS = 250_000  # touched hours that are held in memory
_BLOCK_DAYS = 14  # of all tenants, whose days are held in memory
_ATTEMPTS = 3
_NANOSECONDS_A_MICROSECOND = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class AggregationOutcome:
    """What a run did; *data_through* is what it published, None when it could not or had nothing to."""

    tenant_days: int = 0  # counted again, of those that have any figures
    rows: int = 0  # written: users' days that say something else than before
    restated: int = 0  # of those rows, the ones that had said something else; the others are new
    notes: int = 0  # of touched hours, settled
    data_through: dt.datetime | None = None

    @classmethod
    def total(cls, parts: "Iterable[AggregationOutcome]") -> "AggregationOutcome":
        many = list(parts)
        figures = {
            name: sum(getattr(each, name) for each in many) for name in ("tenant_days", "rows", "restated", "notes")
        }
        return cls(**figures)

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def aggregate_touched(*, services: Services) -> AggregationOutcome:
    """Count again every day that ingest has noted, then publish how far the figures are complete. Idempotent."""
    freshness, touched = Freshness(services.objects), TouchedNotes(services.objects)
    # Before the notes are listed: what was sent before this instant is stored by now, and noted.
    settled_through = freshness.settled_through()
    total = AggregationOutcome.total(
        _aggregate_round(notes, touched=touched, services=services) for notes in _rounds(touched.pending())
    )
    if settled_through is not None:
        freshness.publish_data_through(settled_through)
    return dataclasses.replace(total, data_through=settled_through)


def aggregate_days(
    *, services: Services, tenant_id: str | None = None, first: dt.date | None = None, last: dt.date | None = None
) -> AggregationOutcome:
    """Count again the local days *first* to *last* of one tenant or of all, known by a profile or not. Idempotent.

    Without *first*, from the oldest event that is kept; without *last*, to the newest. Raise PeriodError.
    """
    horizon = services.clock().date() + dt.timedelta(days=2)  # later than any zone's date, and any event's
    oldest = horizon - dt.timedelta(days=services.settings.magnetic_retention_days)
    span = period_between(first or max(EARLIEST_DAY, min(oldest, last or horizon)), last or horizon).clip(horizon)
    tenants = Tenants(services.objects)
    tenant_ids = None if tenant_id is None else [tenant_id]
    calendars = Calendars(tenants.all() if tenant_ids is None else tenants.of(tenant_ids))
    done = []
    for block in blocks(span, days=_BLOCK_DAYS if tenant_ids is None else span.day_count):
        event_days = services.usage_store.days_with_events(
            since=_utc_midnight(block.first - dt.timedelta(days=1)),
            until=_utc_midnight(block.last + dt.timedelta(days=2)),
            tenant_ids=tenant_ids,
        )
        done.append(_restate_all(calendars.days_near(event_days, within=block), services=services))
    return AggregationOutcome.total(done)


def _aggregate_round(notes: Sequence[TouchedNote], *, touched: TouchedNotes, services: Services) -> AggregationOutcome:
    calendars = Calendars(Tenants(services.objects).of(hour.tenant_id for note in notes for hour in note.hours))
    days = {day for note in notes for hour in note.hours for day in calendars.days_of(hour)}
    outcome = _restate_all(days, services=services)
    touched.settle(notes)
    return dataclasses.replace(outcome, notes=len(notes))


def _rounds(notes: Iterable[TouchedNote]) -> Iterator[list[TouchedNote]]:
    """Notes by as many as fit into memory."""
    some: list[TouchedNote] = []
    hours = 0
    for note in notes:
        some.append(note)
        hours += len(note.hours)
        if hours >= _ROUND_HOURS:
            yield some
            some, hours = [], 0
    if some:
        yield some


def _restate_all(days: Iterable[TenantDay], *, services: Services) -> AggregationOutcome:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return AggregationOutcome.total(pool.map(functools.partial(_restate, services=services), batches(days)))


def _restate(days: Sequence[TenantDay], services: Services) -> AggregationOutcome:
    """Have the daily usage of these days say what their events say."""
    written = restated = 0
    for _ in range(_ATTEMPTS):
        version = time.time_ns() // _NANOSECONDS_A_MICROSECOND  # real time whatever the clock says: it orders runs
        counted, existing = _read(days, services=services)
        rows = restatement(counted, existing=existing)
        taken = services.usage_store.put_daily_usage(rows, version=version) if len(rows) else 0
        written += taken
        restated += len(rows.join(existing, on=["tenant_id", "user_id", "day"], how="semi"))
        if taken == len(rows):
            with_figures = pl.concat([counted, existing]).select("tenant_id", "day").n_unique()
            _log.info("counted %d tenant-days from %s on, wrote %d rows", with_figures, days[0].day, written)
            return AggregationOutcome(tenant_days=with_figures, rows=written, restated=restated)
        # Another run wrote in between and may have known less, when its machine's clock is ahead: look again.
    raise ServiceUnavailableError(
        f"rows of daily usage of {days[0].day} keep being written with later versions than this run's: "
        "is the clock of this machine right? The days stay noted, and the next run counts them"
    )


def _read(days: Sequence[TenantDay], *, services: Services) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the events of these days amount to, and the rows that are there."""
    tenant_ids = sorted({each.tenant_id for each in days})
    first, last = min(each.day for each in days), max(each.day for each in days)
    since, until = min(each.begins for each in days), max(each.ends for each in days)
    events = services.usage_store.events(since=since, until=until, tenant_ids=tenant_ids)
    counted = daily_usage(events.lazy(), days=days).collect()
    stored = services.usage_store.daily_usage(first=first, last=last, tenant_ids=tenant_ids)
    schema = {"tenant_id": pl.String, "day": pl.Date}
    wanted = pl.DataFrame([(each.tenant_id, each.day) for each in days], schema=schema, orient="row")
    return counted, stored.join(wanted, on=["tenant_id", "day"], how="semi")


def _utc_midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, tzinfo=dt.UTC)
