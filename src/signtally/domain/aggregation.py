"""From events to daily usage: counting a tenant's days, and which rows must be rewritten for them."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import polars as pl

from signtally.domain.actions import MEASURES, Action
from signtally.domain.day_slots import SPANS, DaySlots
from signtally.domain.periods import Span, end_of_day, spans_of_day, start_of_day
from signtally.domain.repeated_ids import RepeatedIds
from signtally.domain.schemas import ARRIVALS, DAILY_USAGE, IDENTITY, TENANT_DAY_KEY, USER_DAY_KEY

# What of events of schema EVENTS counting needs, and what of those where no id is repeated: of many events it is much
# cheaper not to read the rest.
COUNTED_COLUMNS = (*ARRIVALS, "user_name", "user_email")
COUNTED_WITHOUT_IDS = ("tenant_id", "user_id", "action", "occurred_at", "received_at", "user_name", "user_email")
_STRETCH = ("timezone", "day", "since", "until")


@dataclasses.dataclass(frozen=True, slots=True)
class TenantDay:
    """A calendar day of one tenant, in the zone in which that tenant lives now."""

    tenant_id: str
    day: dt.date
    timezone: str

    @property
    def begins(self) -> dt.datetime:
        return start_of_day(self.day, ZoneInfo(self.timezone))

    @property
    def ends(self) -> dt.datetime:
        return end_of_day(self.day, ZoneInfo(self.timezone))

    @property
    def spans(self) -> tuple[Span, ...]:
        return spans_of_day(self.day, ZoneInfo(self.timezone))


def daily_usage(events: pl.LazyFrame, *, days: Iterable[TenantDay], ids: RepeatedIds | None = None) -> pl.LazyFrame:
    """One row a user with any event on one of *days*, in schema DAILY_USAGE; events of other days are left aside.

    *ids* are the repeated ids of these events or of more; with None they are searched for here. Days begin where
    `signtally.domain.periods` says, so that what is read for a day is what is counted on it: Polars brings time zone
    data of its own, and events would be lost where two versions of that data differ.

    Nothing is sorted, and only the resulting rows are held, so Polars' streaming engine counts any number of events.
    """
    spans = _spans([*days])
    wanted = spans.select(*TENANT_DAY_KEY, "timezone").unique(TENANT_DAY_KEY).lazy()
    counts = [(pl.col("action") == action).sum().cast(pl.Int64).alias(action) for action in Action]
    once = (ids or RepeatedIds.among(events, superseded=IDENTITY.to_frame())).counted_once(
        events, assign_days=DaySlots(spans).assign_days
    )
    figures = once.group_by(*USER_DAY_KEY).agg(*counts, _latest("user_name"), _latest("user_email"))
    return figures.join(wanted, on=TENANT_DAY_KEY).match_to_schema(DAILY_USAGE)


def _spans(days: Sequence[TenantDay]) -> pl.DataFrame:
    """Schema SPANS; each zone's dates are worked out once, however many tenants have them."""
    names = [*TENANT_DAY_KEY, "timezone"]
    wanted = pl.DataFrame(
        {name: [getattr(day, name) for day in days] for name in names}, schema={name: SPANS[name] for name in names}
    )
    dates = {(day.timezone, day.day): day for day in days}
    rows = [(*date, *span) for date, day in dates.items() for span in day.spans]
    stretches = pl.DataFrame(rows, schema={name: SPANS[name] for name in _STRETCH}, orient="row")
    return wanted.join(stretches, on=["timezone", "day"]).match_to_schema(SPANS)


def _latest(name: str) -> pl.Expr:
    """The latest value in a group, by `occurred_at`, then `received_at`, then the value itself."""
    seen = pl.struct("occurred_at", "received_at", name)
    return pl.col(name).max_by(pl.when(pl.col(name).is_not_null()).then(seen))


def restatement(counted: pl.DataFrame, *, existing: pl.DataFrame) -> pl.DataFrame:
    """The rows to write so that *existing* rows of the same days become what was *counted*; equal rows are left out.

    A user's day without events any more becomes a row of zeros, because nothing can be deleted from Timestream.
    """
    figures = [pl.col(measure) for measure in MEASURES]
    standing = existing.select([*DAILY_USAGE])
    has_figures = pl.any_horizontal(column != 0 for column in figures)
    vanished = standing.filter(has_figures).join(counted, on=USER_DAY_KEY, how="anti")
    zeros = vanished.with_columns(*(column * 0 for column in figures), user_name=None, user_email=None)
    changed = counted.join(standing, on=[*DAILY_USAGE], how="anti", nulls_equal=True)
    return pl.concat([changed, zeros.match_to_schema(DAILY_USAGE)])
