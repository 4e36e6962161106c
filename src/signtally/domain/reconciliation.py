"""The reference count: tenant-days counted from events in another way than daily usage, and what differs."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.first_received import FIRST_RECEIVED_ORDER
from signtally.domain.local_dates import LocalDates
from signtally.domain.schemas import (
    IDENTITY,
    TENANT_DAY_KEY,
    TENANT_DAYS,
    USER_DAY_KEY,
    UTC_MICROSECONDS,
)

USER_CHECKSUM = "user_checksum"  # changes when figures move from one user to another and the sums stay the same
_COUNTED = (*MEASURES, USER_CHECKSUM)
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
_CHECKSUM_MODULUS = 2**31  # two billion events a day add up without overflow


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """One action of a tenant-day that is not the same in events and in daily usage.

    *user_id* is set when the tenant's sums agree but figures are those of the wrong user.
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
    """One action of a day that is not the same in a report's version and in daily usage of the same users."""

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


def reference_count(events: pl.LazyFrame, *, dates: LocalDates, by: Sequence[str] = TENANT_DAY_KEY) -> pl.DataFrame:
    """Count events, schema ARRIVALS, by tenant and local day, schema EVENT_COUNTS; an id counts once a tenant's day.

    With USER_DAY_KEY as *by*, there is a row for each user, and a column `user_id`.
    """
    needed = events.select("tenant_id", "event_id", *FIRST_RECEIVED_ORDER)
    dated = dates.of(needed, at="occurred_at").sort(*FIRST_RECEIVED_ORDER)
    whose = pl.col("action", "user_id").first()
    first = dated.group_by(*TENANT_DAY_KEY, "event_id").agg(whose, last_received=pl.col("received_at").max())
    wide = [(pl.col("action") == name).sum().cast(pl.Int64).alias(name) for name in MEASURES]
    checksum = _checksum(pl.col("action")).sum().alias(USER_CHECKSUM)
    return first.group_by(by).agg(*wide, checksum, pl.col("last_received").max()).collect()


def sum_by(rows: pl.LazyFrame, *, by: Sequence[str] = TENANT_DAY_KEY) -> pl.LazyFrame:
    """Sum rows of schema DAILY_USAGE by tenant and day, schema DAY_COUNTS, or by user with USER_DAY_KEY as *by*."""
    checksum = pl.sum_horizontal(pl.col(name) * _checksum(pl.lit(name)) for name in MEASURES).alias(USER_CHECKSUM)
    return rows.with_columns(checksum).group_by(by).agg(pl.col(_COUNTED).sum())


def _checksum(action: pl.Expr) -> pl.Expr:
    """What one *action* of the row's user adds to USER_CHECKSUM: a hash of both."""
    return (pl.concat_str(action, "user_id", separator=" ").hash() % _CHECKSUM_MODULUS).cast(pl.Int64)


def differences(counted: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """What differs between two frames with the columns of DAY_COUNTS, schema DIFFERENCES; a missing day is zeros.

    A day on which only USER_CHECKSUM differs has that as its action: `user_differences` says which users differ.
    """
    found = _differing(counted, stored, of=_COUNTED, by=TENANT_DAY_KEY)
    by_sums = found.filter(pl.col("action") != USER_CHECKSUM)
    by_users = found.filter(pl.col("action") == USER_CHECKSUM).join(by_sums, on=TENANT_DAY_KEY, how="anti")
    return pl.concat([by_sums, by_users]).sort(*TENANT_DAY_KEY, "action")


def user_differences(counted: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """What differs between two frames by user, schema DIFFERENCES with `user_id`."""
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


def to_differences(rows: pl.DataFrame) -> Iterator[Difference]:
    """Rows of schema DIFFERENCES as values."""
    return (Difference(*row) for row in rows.select([*DIFFERENCES]).iter_rows())


def received_later(arrivals: pl.DataFrame) -> pl.DataFrame:
    """Events (schema ARRIVALS) whose id was received earlier with other values, schema IDENTITY.

    Any tenant's event may be the first, whereas days are counted tenant by tenant.
    """
    ordered = arrivals.sort(*FIRST_RECEIVED_ORDER, "tenant_id")
    first = ordered.unique("event_id", keep="first", maintain_order=True)
    return ordered.join(first, on=[*IDENTITY], how="anti").select([*IDENTITY]).unique()
