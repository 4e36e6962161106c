"""Having the daily usage of some tenant-days say what their events say.

A batch of tenant-days reads all events of its days, counts them, and writes the rows that say something else than
before. Runs may repeat, overlap and die at any point: a row's version is the instant before its events were read, so
that of two runs the one that knows more wins.
"""

import dataclasses
import datetime as dt
import functools
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from signtally.domain.aggregation import IDENTITY, TenantDay, daily_usage, restatement
from signtally.domain.restatements import RestatementReason, restated_days
from signtally.ports.errors import ServiceUnavailableError
from signtally.services import Services
from signtally.stores.touched import TOUCHED
from signtally.use_cases.aggregating.noted_events import NotedEvents
from signtally.use_cases.aggregating.tenant_days import batches

_log = logging.getLogger(__name__)
_AT_ONCE = 4  # batches: while one waits for Timestream, another is parsed
_ATTEMPTS = 3
_NANOSECONDS_A_MICROSECOND = 1000
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
    """Have the daily usage of these days say what their events say; *noted* learns which events were read."""
    work = functools.partial(_restate_batch, reason=reason, services=services, noted=noted or NotedEvents(_NOTHING))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return AggregationOutcome.total(pool.map(work, batches(days)))


def _restate_batch(
    days: Sequence[TenantDay], *, reason: Reasons, services: Services, noted: NotedEvents
) -> AggregationOutcome:
    written = restated = 0
    for _ in range(_ATTEMPTS):
        version = time.time_ns() // _NANOSECONDS_A_MICROSECOND  # real time whatever the clock says: it orders runs
        counted, existing = _read(days, services=services, noted=noted)
        rows = restatement(counted, existing=existing)
        if len(rows):
            _record(days, counted, existing, reason=reason, services=services)
        taken = services.usage_store.put_daily_usage(rows, version=version) if len(rows) else 0
        written += taken
        restated += len(rows.join(existing, on=["tenant_id", "user_id", "day"], how="semi"))
        if taken == len(rows):
            with_figures = pl.concat([each.select("tenant_id", "day") for each in (counted, existing)]).n_unique()
            _log.info("counted %d tenant-days from %s on, wrote %d rows", with_figures, days[0].day, written)
            return AggregationOutcome(tenant_days=with_figures, rows=written, restated=restated)
        # Another run wrote in between and may have known less, when its machine's clock is ahead: look again.
    raise ServiceUnavailableError(
        f"rows of daily usage of {days[0].day} keep being written with later versions than this run's: "
        "is the clock of this machine right? The days stay noted, and the next run counts them"
    )


def _read(days: Sequence[TenantDay], *, services: Services, noted: NotedEvents) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the events of these days amount to, and the rows that are there."""
    store = services.usage_store
    tenant_ids = sorted({each.tenant_id for each in days})
    first, last = min(each.day for each in days), max(each.day for each in days)
    since, until = min(each.begins for each in days), max(each.ends for each in days)
    events = store.events(since=since, until=until, tenant_ids=tenant_ids)
    noted.see(events)
    superseded = store.superseded(since=since, until=until, tenant_ids=tenant_ids)
    valid = events.join(superseded, on=[*IDENTITY], how="anti")
    counted = daily_usage(valid.lazy(), days=days).collect()
    stored = store.daily_usage(first=first, last=last, tenant_ids=tenant_ids)
    schema = {"tenant_id": pl.String, "day": pl.Date}
    wanted = pl.DataFrame([(each.tenant_id, each.day) for each in days], schema=schema, orient="row")
    return counted, stored.join(wanted, on=["tenant_id", "day"], how="semi")


def _record(
    days: Sequence[TenantDay],
    counted: pl.DataFrame,
    existing: pl.DataFrame,
    *,
    reason: Reasons,
    services: Services,
) -> None:
    """Before the rows are written: a crash in between leaves a record that the next run writes again."""
    now = services.clock()
    closed = [(each.tenant_id, each.day) for each in days if each.ends <= now]
    reasons = {each.tenant_id: reason for each in days} if isinstance(reason, RestatementReason) else reason
    record = restated_days(existing, counted, closed=closed, reasons=reasons, at=now)
    if len(record):
        services.usage_store.put_restatements(record)
