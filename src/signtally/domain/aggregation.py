"""From events to daily usage: the tables' schemas and the counting."""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import polars as pl

from signtally.domain.actions import MEASURES, Action
from signtally.domain.periods import Span, end_of_day, spans_of_day, start_of_day

UTC_MICROSECONDS = pl.Datetime("us", "UTC")
EVENTS = pl.Schema(
    {
        "tenant_id": pl.String(),
        "user_id": pl.String(),
        "action": pl.String(),
        "event_id": pl.String(),
        "occurred_at": UTC_MICROSECONDS,
        "received_at": UTC_MICROSECONDS,
        "message_id": pl.String(),
        "document_id": pl.String(),
        "user_name": pl.String(),
        "user_email": pl.String(),
        "sent_at": UTC_MICROSECONDS,
    }
)
IDENTITY = pl.Schema(
    {
        name: kind
        for name, kind in EVENTS.items()
        if name in {"tenant_id", "user_id", "action", "event_id", "occurred_at"}
    }
)
ARRIVALS = pl.Schema({**IDENTITY, "received_at": UTC_MICROSECONDS, "message_id": pl.String()})
EVENT_DAYS = pl.Schema({"tenant_id": pl.String(), "utc_day": pl.Date()})
DAILY_USAGE = pl.Schema(
    {
        "tenant_id": pl.String(),
        "user_id": pl.String(),
        "day": pl.Date(),
        **{measure: pl.Int64() for measure in MEASURES},
        "user_name": pl.String(),
        "user_email": pl.String(),
        "timezone": pl.String(),
    }
)
STORED_USAGE = pl.Schema({**DAILY_USAGE, "counted_at": UTC_MICROSECONDS})  # when its events were read
_SPANS = pl.Schema(
    {
        "tenant_id": pl.String(),
        "day": pl.Date(),
        "timezone": pl.String(),
        "since": UTC_MICROSECONDS,
        "until": UTC_MICROSECONDS,
    }
)
_ROW = ("tenant_id", "user_id", "day")
_ARRIVAL = ("received_at", "message_id", "user_id", "action", "event_id")  # the last three: some order for what ties


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


def daily_usage(events: pl.LazyFrame, *, days: Iterable[TenantDay]) -> pl.LazyFrame:
    """One row a user with any event on one of *days*, in schema DAILY_USAGE; events of other days are left aside.

    Days begin where `signtally.domain.periods` says, so that what is read for a day is what is counted on it: Polars
    brings time zone data of its own, and two versions of the world's clocks would lose events between them.
    """
    counts = [(pl.col("action") == action).sum().cast(pl.Int64).alias(action) for action in Action]
    latest = [pl.col(name).drop_nulls().last() for name in ("user_name", "user_email")]
    return (
        first_received(_on_days(events, days))
        .sort("occurred_at", *_ARRIVAL)
        .group_by(*_ROW)
        .agg(*counts, *latest, pl.col("timezone").first())
        .match_to_schema(DAILY_USAGE)
    )


def first_received(events: pl.LazyFrame) -> pl.LazyFrame:
    """One row an event id: where the portal sent an id twice with other values, the one received first counts.

    Tenants and days are kept apart, so that a day's figures follow from the events of that day alone, whatever else
    is counted in the same go; the same id on two days is reconciliation's to find.
    """
    identity = ["tenant_id", "day", "event_id"]
    return events.sort(*_ARRIVAL, "occurred_at").unique(identity, keep="first", maintain_order=True)


def restatement(counted: pl.DataFrame, *, existing: pl.DataFrame) -> pl.DataFrame:
    """The rows to write so that *existing* ones of the same days say what was *counted*.

    Rows that say so already are left out. A user's day that has no events any more becomes a row of zeros, because
    nothing can be deleted from Timestream; one that is zero already stays as it is.
    """
    figures = [pl.col(measure) for measure in MEASURES]
    standing = existing.select([*DAILY_USAGE])
    vanished = standing.filter(pl.any_horizontal(column != 0 for column in figures)).join(counted, on=_ROW, how="anti")
    zeros = vanished.with_columns(*(column * 0 for column in figures), user_name=None, user_email=None)
    changed = counted.join(standing, on=[*DAILY_USAGE], how="anti", nulls_equal=True)
    return pl.concat([changed, zeros.match_to_schema(DAILY_USAGE)])


def _on_days(events: pl.LazyFrame, days: Iterable[TenantDay]) -> pl.LazyFrame:
    """The events within *days*, with the columns `day` and `timezone`."""
    rows = [(each.tenant_id, each.day, each.timezone, *span) for each in days for span in each.spans]
    spans = pl.LazyFrame(rows, schema=_SPANS, orient="row").sort("since")
    by_time = events.sort("occurred_at")
    placed = by_time.join_asof(
        spans,
        left_on="occurred_at",
        right_on="since",
        by="tenant_id",
        check_sortedness=False,  # Polars cannot check it within groups; both sides were sorted just now
    )
    return placed.filter(pl.col("occurred_at") < pl.col("until"))
