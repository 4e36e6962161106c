"""The tables of a snapshot as data frames, in the columns of the CSV files.

Whole numbers, dates, instants and texts; no fraction, because a decimal sign is read differently from country to
country. Instants are UTC in whole seconds, which every program reads as what they are.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.documents import Cohort
from signtally.domain.snapshot import InactiveUser, ReportIdentity, UserUsage
from signtally.render.contents import Contents
from signtally.render.csv_text import marked, texts
from signtally.render.visible_text import one_line

_NAMES = ("user_id", "user_name", "user_email")
_STAGES = ("sent", "viewed", "signed", "completed", "open")
_INSTANT = "%Y-%m-%d %H:%M:%S"  # Excel reads it as an instant in every country
_SECONDS_AN_HOUR = 3600


def users(contents: Contents, identity: ReportIdentity) -> pl.DataFrame:
    """One row a user with any action in the period; their measures add up to the control totals."""
    people = contents.snapshot.users
    followed = contents.snapshot.cohort is not None
    return pl.DataFrame(
        [
            *_people(people, locale=contents.snapshot.tenant.locale),
            *_counts([user.counts for user in people]),
            *_counts([user.previous for user in people], prefix="previous_"),
            *_cohorts([user.cohort if followed else None for user in people]),
            _whole("median_turnaround_seconds", [_seconds(user.median_turnaround) for user in people]),
            pl.Series("last_active_day", [user.last_active_day for user in people], pl.Date),
        ]
    ).with_columns(**_provenance(contents, identity))


def inactive_users(contents: Contents) -> pl.DataFrame:
    """Those who did nothing in the period, and something in the one before."""
    people = contents.snapshot.inactive_users
    return pl.DataFrame(
        [
            *_people(people, locale=contents.snapshot.tenant.locale),
            *_counts([user.previous for user in people], prefix="previous_"),
            pl.Series("last_active_day", [user.last_active_day for user in people], pl.Date),
        ]
    )


def days(contents: Contents) -> pl.DataFrame:
    """One row a day of the period, days without activity too."""
    rows = contents.snapshot.days
    return pl.DataFrame([pl.Series("day", [row.day for row in rows], pl.Date), *_counts([row.counts for row in rows])])


def user_days(contents: Contents) -> pl.DataFrame:
    """One row a user and day with any activity; beyond 62 days, a user and month, named by its first day."""
    return _with_texts(contents.snapshot.user_days, ("user_id",), locale=contents.snapshot.tenant.locale)


def documents(contents: Contents) -> pl.DataFrame:
    """One row a document that was open at any moment of the period."""
    return document_table(contents.snapshot.documents, locale=contents.snapshot.tenant.locale)


def document_table(rows: pl.DataFrame, *, locale: str) -> pl.DataFrame:
    """Rows of schema DOCUMENT_ROWS as the files show them."""
    seconds = (pl.col("turnaround_hours") * _SECONDS_AN_HOUR).round().cast(pl.Int64).alias("turnaround_seconds")
    columns = [seconds if name == "turnaround_hours" else pl.col(name) for name in rows.columns]
    return _with_instants(_with_texts(rows, ("document_id", *_NAMES), locale=locale).select(columns))


def totals(contents: Contents) -> pl.DataFrame:
    """One row a period: the one reported, the one it is compared with, and those before, as far as there are data.

    `is_partial`: figures begin within it, or it is not over.
    """
    snapshot = contents.snapshot
    rows = [
        ("reported", snapshot.period, snapshot.totals, snapshot.cohort),
        ("compared", snapshot.previous, snapshot.previous_totals, snapshot.previous_cohort),
        *(("earlier", point.period, point.totals, point.cohort) for point in snapshot.trend[-2::-1]),
    ]
    return pl.DataFrame(
        [
            pl.Series("period_is", [row[0] for row in rows], pl.String),
            pl.Series("period_from", [row[1].first for row in rows], pl.Date),
            pl.Series("period_to", [row[1].last for row in rows], pl.Date),
            *_counts([row[2] for row in rows]),
            *_cohorts([row[3] for row in rows]),
            pl.Series("is_partial", [snapshot.is_partial(row[1]) for row in rows], pl.Boolean),
        ]
    )


def instant(at: dt.datetime | None) -> str | None:
    """An instant as the CSV files write it: `2026-11-01 08:05:02`, UTC."""
    return None if at is None else at.astimezone(dt.UTC).strftime(_INSTANT)


def _people(people: Sequence[UserUsage | InactiveUser], *, locale: str) -> list[pl.Series]:
    """Ids as they are, because other tables are joined by them; names and emails on one line."""
    frame = pl.DataFrame(
        {
            "user_id": texts(user.user_id for user in people),
            "user_name": _lines(user.user_name for user in people),
            "user_email": _lines(user.user_email for user in people),
        },
        schema=dict.fromkeys(_NAMES, pl.String()),
    )
    return frame.with_columns(marked(name, locale=locale) for name in _NAMES).get_columns()


def _lines(values: Iterable[str | None]) -> list[str | None]:
    return [one_line(value) or None if value else None for value in values]


def _with_texts(frame: pl.DataFrame, names: Sequence[str], *, locale: str) -> pl.DataFrame:
    clean: dict[str, Callable[[Iterable[str | None]], list[str | None]]] = {
        name: texts if name.endswith("_id") else _lines for name in names
    }
    shown = [pl.Series(name, clean[name](frame[name]), pl.String) for name in names]
    return frame.with_columns(shown).with_columns(marked(name, locale=locale) for name in names)


def _with_instants(frame: pl.DataFrame) -> pl.DataFrame:
    """Instants as text, in columns that say that they are UTC."""
    at = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    return frame.with_columns(pl.col(at).dt.strftime(_INSTANT)).rename({name: f"{name}_utc" for name in at})


def _counts(counts: Sequence[Counts], *, prefix: str = "") -> list[pl.Series]:
    return [_whole(f"{prefix}{name}", [getattr(row, name) for row in counts]) for name in MEASURES]


def _cohorts(cohorts: Sequence[Cohort | None]) -> list[pl.Series]:
    """Documents sent in the period, by how far they have come; empty where nobody followed them."""
    return [_whole(f"cohort_{stage}", [getattr(cohort, stage, None) for cohort in cohorts]) for stage in _STAGES]


def _whole(name: str, values: Sequence[int | None]) -> pl.Series:
    return pl.Series(name, values, pl.Int64)


def _seconds(duration: dt.timedelta | None) -> int | None:
    return None if duration is None else round(duration.total_seconds())


def _provenance(contents: Contents, identity: ReportIdentity) -> Mapping[str, pl.Expr]:
    """What tells files apart that somebody concatenates: of which period, how fresh, which version of which report."""
    snapshot = contents.snapshot
    return {
        "period_from": pl.lit(snapshot.period.first),
        "period_to": pl.lit(snapshot.period.last),
        "data_through_utc": pl.lit(instant(snapshot.data_through), pl.String()),
        "report_id": pl.lit(identity.report_id, pl.String()),
        "version": pl.lit(identity.version, pl.Int64()),
    }
