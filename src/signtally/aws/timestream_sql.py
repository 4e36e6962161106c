"""Timestream SQL, which has no bind parameters: literals, and queries over events, daily usage, restatements."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from signtally.domain.actions import MEASURES

# A query may have 256 KiB; the rest of it is far shorter than what this leaves.
_LIST_MAX_BYTES = 240 * 1024
_ANY_FIGURES = " OR ".join(f"{measure} <> 0" for measure in MEASURES)
# Of microseconds: a sum of as many rows as a tenant may have stays a BIGINT.
_INSTANT_MODULUS = 1_000_000_007
REVISION = pl.Schema(
    {
        "part": pl.String(),
        "records": pl.Int64(),
        "oldest": pl.String(),
        "newest": pl.String(),
        "written": pl.Int64(),
    }
)
_EARLIEST_ZONE = dt.timezone(dt.timedelta(hours=14))  # Pacific/Kiritimati: the first on Earth to reach a date


def literal(text: str) -> str:
    """A VARCHAR literal for any text: inside quotes only the quote itself means something, and it is doubled."""
    return "'" + text.replace("'", "''") + "'"


def instant_literal(instant: dt.datetime) -> str:
    """A timestamp in UTC, as Timestream compares and prints them."""
    return literal(instant.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f000"))


def table_name(database: str, table: str) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in (database, table))


def day_instant(day: dt.date) -> dt.datetime:
    """The `time` of a day's usage: when that date begins at UTC+14.

    The same in every zone, so a tenant who moves keeps the identity of its rows; and never in the future for
    anybody's today, which Timestream would refuse.
    """
    return dt.datetime.combine(day, dt.time.min, tzinfo=_EARLIEST_ZONE).astimezone(dt.UTC)


def literal_lists(texts: Iterable[str]) -> Iterator[str]:
    """The texts as lists for `IN (…)`, distinct, in order, each short enough for one query."""
    batch: list[str] = []
    size = 0
    for text in dict.fromkeys(texts):
        quoted = literal(text)
        width = len(quoted.encode()) + len(", ")
        if batch and size + width > _LIST_MAX_BYTES:
            yield ", ".join(batch)
            batch, size = [], 0
        batch.append(quoted)
        size += width
    if batch:
        yield ", ".join(batch)


def source(column: str) -> str:
    """The column of Timestream behind a column of our schemas: an instant that identifies is the record's `time`."""
    return "time" if column in {"occurred_at", "restated_at"} else column


def unload(select: str, *, to: str) -> str:
    """The statement that writes the rows of *select* below an S3 address, as Parquet."""
    return f"UNLOAD ({select}) TO {literal(to)} WITH (format = 'PARQUET', compression = 'GZIP')"


def select_within(
    table: str, columns: Sequence[str], *, since: dt.datetime, until: dt.datetime, tenants: str | None
) -> str:
    return f"{_select(table, columns)} WHERE {_within(since, until)}{_only(tenants)}"


def select_days_with_events(table: str, *, since: dt.datetime, until: dt.datetime, tenants: str | None) -> str:
    """Tenant and day of UTC."""
    columns = ["tenant_id", "bin(time, 1d)"]
    return f"{_select(table, columns)} WHERE {_within(since, until)}{_only(tenants)} GROUP BY {', '.join(columns)}"


def select_any(select: str) -> str:
    """One of the rows that *select* finds, if there is one."""
    return f"{select} LIMIT 1"


def select_daily_usage(
    table: str, columns: Sequence[str], *, first: dt.date, last: dt.date, tenants: str | None
) -> str:
    within = _within(day_instant(first), day_instant(last + dt.timedelta(days=1)))
    return f"{_select(table, columns)} WHERE {within}{_only(tenants)}"


def select_day_totals(table: str, *, tenants: str, first: dt.date, last: dt.date, users: str | None) -> str:
    """Columns of schema DAY_TOTALS by tenant; *tenants* and *users* are lists of literals."""
    sums = [f"sum({measure}) AS {measure}" for measure in MEASURES]
    of_figures = f"CASE WHEN {_ANY_FIGURES} THEN timezone END"
    sums += [f"min({of_figures}) AS first_zone", f"max({of_figures}) AS last_zone"]
    within = _within(day_instant(first), day_instant(last + dt.timedelta(days=1)))
    only = f" AND user_id IN ({users})" if users is not None else ""
    columns = ["tenant_id", "day", *sums]
    return f"{_select(table, columns)} WHERE {within}{_only(tenants)}{only} GROUP BY tenant_id, day"


@dataclasses.dataclass(frozen=True, slots=True)
class UserPage:
    """The first *limit* users behind the id *after*; *users* is a list of literals. None: without this bound."""

    after: str | None
    limit: int | None
    users: str | None

    @property
    def conditions(self) -> str:
        behind = "" if self.after is None else f" AND user_id > {literal(self.after)}"
        return behind if self.users is None else f"{behind} AND user_id IN ({self.users})"

    @property
    def order(self) -> str:
        return " ORDER BY user_id" + ("" if self.limit is None else f" LIMIT {self.limit}")


def days_of(tenant_id: str, *, first: dt.date, last: dt.date) -> str:
    """The condition that a row of daily usage is of this tenant, first ≤ day ≤ last."""
    return (
        f"tenant_id = {literal(tenant_id)} AND {_within(day_instant(first), day_instant(last + dt.timedelta(days=1)))}"
    )


def select_user_usage(table: str, columns: Sequence[str], *, where: str, page: UserPage) -> str:
    """Columns of schema USER_COUNTS. The page's ids come first, so that only their rows are added up."""
    sums = [f"sum({measure}) AS {measure}" for measure in MEASURES]
    latest = [
        f"max_by({name}, CASE WHEN {name} IS NOT NULL THEN time END) AS {name}"
        if name in columns
        else f"CAST(NULL AS VARCHAR) AS {name}"
        for name in ("user_name", "user_email")
    ]
    rows = f"{where}{page.conditions}"
    if page.limit is not None:
        rows += f" AND user_id IN ({_select(table, ['DISTINCT user_id'])} WHERE {rows}{page.order})"
    return f"{_select(table, ['user_id', *sums, *latest])} WHERE {rows} GROUP BY user_id ORDER BY user_id"


def select_first_usage_days(table: str, *, tenants: str) -> str:
    columns = ["tenant_id", "min(day) AS day"]
    return f"{_select(table, columns)} WHERE ({_ANY_FIGURES}){_only(tenants)} GROUP BY tenant_id"


def select_restatements(
    table: str, columns: Sequence[str], *, first: dt.date, last: dt.date, tenants: str | None
) -> str:
    """A day is restated after it is over, so nothing about it can be older than it is."""
    days = f"day BETWEEN {literal(first.isoformat())} AND {literal(last.isoformat())}"
    since = f"time >= {instant_literal(day_instant(first))}"
    return f"{_select(table, columns)} WHERE {days} AND {since}{_only(tenants)}"


def select_repeated(table: str, columns: Sequence[str], *, since: dt.datetime, until: dt.datetime) -> str:
    """Every event whose id stands there more than once in that time."""
    within = _within(since, until)
    repeated = f"{_select(table, ['event_id'])} WHERE {within} GROUP BY event_id HAVING count(*) > 1"
    return f"{_select(table, columns)} WHERE {within} AND event_id IN ({repeated})"


def select_with_names(table: str, columns: Sequence[str], *, tenant_id: str, user_id: str | None) -> str:
    """Every row of a tenant, or of one user, that bears a name or an address."""
    named = " OR ".join(f"{name} IS NOT NULL" for name in ("user_name", "user_email") if name in columns)
    only = "" if user_id is None else f" AND user_id = {literal(user_id)}"
    return f"{_select(table, columns)} WHERE tenant_id = {literal(tenant_id)}{only} AND ({named})"


def select_revision(tables: Sequence[tuple[str, str, str | None]], *, tenant_id: str) -> str:
    """Schema REVISION, a row a table: what it is called, its name in SQL, and the instant that a rewritten row bears.

    Records never leave a table but by expiring, the oldest first; a row that is written again bears a later instant.
    """
    where = f"WHERE tenant_id = {literal(tenant_id)}"

    def part(name: str, table: str, instant: str | None) -> str:
        written = f"sum(mod(to_nanoseconds({instant}) / 1000, {_INSTANT_MODULUS}))" if instant else "0"
        columns = [literal(name), "count(*)", "min(time)", "max(time)", written]
        named = [f"{column} AS {alias}" for column, alias in zip(columns, REVISION, strict=True)]
        return f"{_select(table, named)} {where}"

    return " UNION ALL ".join(part(*each) for each in tables)


def _select(table: str, columns: Sequence[str]) -> str:
    return f"SELECT {', '.join(map(source, columns))} FROM {table}"  # noqa: S608 -- names of ours, quoted


def _within(since: dt.datetime, until: dt.datetime) -> str:
    return f"time >= {instant_literal(since)} AND time < {instant_literal(until)}"


def _only(tenants: str | None) -> str:
    """Every tenant without a list of them."""
    return f" AND tenant_id IN ({tenants})" if tenants else ""
