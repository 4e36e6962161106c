"""The second opinion: tenants' days counted from events in another way than daily usage is, and what differs."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.local_dates import LocalDates
from signtally.domain.schemas import (
    FIRST_RECEIVED_ORDER,
    IDENTITY,
    TENANT_DAY_KEY,
    TENANT_DAYS,
    USER_DAY_KEY,
    UTC_MICROSECONDS,
)

USER_SHARES = "user_shares"  # a number that is another one when users' counts are, though their sums are the same
_COUNTED = (*MEASURES, USER_SHARES)
DAY_COUNTS = pl.Schema({**TENANT_DAYS, **{name: pl.Int64() for name in _COUNTED}})
EVENT_COUNTS = pl.Schema({**DAY_COUNTS, "last_received": UTC_MICROSECONDS})
DIFFERENCES = pl.Schema(
    {
        **TENANT_DAYS,
        "action": pl.String(),
        "events": pl.Int64(),
        "aggregates": pl.Int64(),
        "user_id": pl.String(),
    }
)
_LARGEST_SHARE = 2**31  # so that a day of two billion events adds up


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """What the events of a tenant's day say of one action, and what its daily usage says.

    It is of one user where the tenant's own figures agree, and figures stand with the wrong users.
    """

    tenant_id: str
    day: dt.date
    action: str
    events: int
    aggregates: int
    user_id: str | None = None

    def as_dict(self) -> dict[str, object]:
        known = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        return known | {"day": self.day.isoformat()}

    def __str__(self) -> str:
        of_user = "" if self.user_id is None else f" · {self.user_id}"
        what = f"{self.tenant_id} · {self.day}{of_user} · {self.action}"
        return f"{what}: events {self.events}, aggregates {self.aggregates}"


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class ReportDifference:
    """What a version of a report says of one action on a day, and what daily usage says of the same users."""

    tenant_id: str
    report_id: str
    version: int
    day: dt.date
    action: str
    reported: int
    aggregates: int

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self) | {"day": self.day.isoformat()}

    def __str__(self) -> str:
        what = f"{self.tenant_id} · report {self.report_id} v{self.version} · {self.day} · {self.action}"
        return f"{what}: reported {self.reported}, aggregates {self.aggregates}"


def counted_plainly(events: pl.LazyFrame, *, dates: LocalDates, by: Sequence[str] = TENANT_DAY_KEY) -> pl.DataFrame:
    """Events of schema EVENTS by tenant and local day, schema EVENT_COUNTS; an id counts once a tenant's day.

    *by* may name the user too: then each row is of one.
    """
    needed = events.select("tenant_id", "event_id", *FIRST_RECEIVED_ORDER)
    dated = dates.of(needed, at="occurred_at").sort(*FIRST_RECEIVED_ORDER)
    whose = pl.col("action", "user_id").first()
    first = dated.group_by(*TENANT_DAY_KEY, "event_id").agg(whose, last_received=pl.col("received_at").max())
    wide = [(pl.col("action") == name).sum().cast(pl.Int64).alias(name) for name in MEASURES]
    shares = _share(pl.col("action")).sum().alias(USER_SHARES)
    return first.group_by(by).agg(*wide, shares, pl.col("last_received").max()).collect()


def summed(rows: pl.LazyFrame, *, by: Sequence[str] = TENANT_DAY_KEY) -> pl.LazyFrame:
    """Rows of schema DAILY_USAGE by tenant and day, schema DAY_COUNTS; *by* may name the user too."""
    shares = pl.sum_horizontal(pl.col(name) * _share(pl.lit(name)) for name in MEASURES).alias(USER_SHARES)
    return rows.with_columns(shares).group_by(by).agg(pl.col(_COUNTED).sum())


def _share(action: pl.Expr) -> pl.Expr:
    """What one *action* of a row's user adds to USER_SHARES: a figure that moves to another user changes the sum."""
    return (pl.concat_str(action, "user_id", separator=" ").hash() % _LARGEST_SHARE).cast(pl.Int64)


def differences(counted: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Two frames with the columns of DAY_COUNTS, schema DIFFERENCES; a day that one of them lacks is zeros there.

    A day that differs in nothing but USER_SHARES comes with that for an action: see `user_differences`.
    """
    found = _differing(counted, stored, of=_COUNTED, by=TENANT_DAY_KEY)
    by_sums = found.filter(pl.col("action") != USER_SHARES)
    by_users = found.filter(pl.col("action") == USER_SHARES).join(by_sums, on=TENANT_DAY_KEY, how="anti")
    return pl.concat([by_sums, by_users]).sort(*TENANT_DAY_KEY, "action")


def user_differences(counted: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """The same of frames by user, each difference with its user."""
    return _differing(counted, stored, of=MEASURES, by=USER_DAY_KEY).sort(*TENANT_DAY_KEY, "user_id", "action")


def _differing(counted: pl.DataFrame, stored: pl.DataFrame, *, of: Sequence[str], by: Sequence[str]) -> pl.DataFrame:
    long = [
        frame.unpivot(of, index=by, variable_name="action", value_name=name)
        for frame, name in ((counted, "events"), (stored, "aggregates"))
    ]
    both = long[0].join(long[1], on=[*by, "action"], how="full", coalesce=True)
    filled = both.with_columns(pl.col("events", "aggregates").fill_null(0))
    found = filled.filter(pl.col("events") != pl.col("aggregates"))
    return found.match_to_schema(DIFFERENCES, missing_columns={"user_id": "insert"})


def listed(rows: pl.DataFrame) -> Iterator[Difference]:
    """Rows of schema DIFFERENCES as values."""
    return (Difference(*row) for row in rows.select([*DIFFERENCES]).iter_rows())


def received_later(arrivals: pl.DataFrame) -> pl.DataFrame:
    """Of events in schema ARRIVALS, those whose id was received before with other values, schema IDENTITY.

    Any tenant's event may be the first, whereas days are counted tenant by tenant.
    """
    ordered = arrivals.sort(*FIRST_RECEIVED_ORDER, "tenant_id")
    first = ordered.unique("event_id", keep="first", maintain_order=True)
    return ordered.join(first, on=[*IDENTITY], how="anti").select([*IDENTITY]).unique()
