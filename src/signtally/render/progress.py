"""How far documents have come: the funnel of those sent in the period, the open ones, and the periods before."""

import dataclasses
import datetime as dt

import polars as pl

from signtally.domain.actions import Counts
from signtally.domain.documents import Cohort, DocumentStatus
from signtally.domain.snapshot import UserUsage
from signtally.domain.trend import TrendPoint
from signtally.domain.wording import translatable
from signtally.render.chart import Bar, axis
from signtally.render.contents import Contents
from signtally.render.formats import UNDEFINED
from signtally.render.people import distinct_names
from signtally.render.period_names import period_in_text, period_title
from signtally.render.visible_text import one_line

OPEN_DOCUMENTS_SHOWN = 10
_SENDER_LIMIT_CHARACTERS = 60
_MARK = "*"
_STAGES = (
    ("sent", translatable("Sent")),
    ("viewed", translatable("Viewed")),
    ("signed", translatable("Signed")),
    ("completed", translatable("Completed")),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """A step of the funnel; *share* is that of the documents sent, 0–1."""

    heading: str
    figure: str
    percent: str
    share: float


@dataclasses.dataclass(frozen=True, slots=True)
class OpenDocument:
    document_id: str
    sender: str
    sent: str
    viewed: str
    days_open: str


@dataclasses.dataclass(frozen=True, slots=True)
class TrendRow:
    period: str
    sent: str
    completed: str
    completion_rate: str
    still_open: str


@dataclasses.dataclass(frozen=True, slots=True)
class TrendChart:
    """What `chart.svg` draws."""

    bars: tuple[Bar, ...]
    axis: tuple[int, ...]
    description: str

    @property
    def top(self) -> int:
        return self.axis[-1]


def funnel(contents: Contents) -> tuple[Stage, ...]:
    """Of the documents sent in the period, how many came how far; empty where that is not known or none was sent."""
    cohort = contents.snapshot.cohort
    if cohort is None or not cohort.sent:
        return ()
    counts = [(contents.words.gettext(heading), int(getattr(cohort, name))) for name, heading in _STAGES]
    return tuple(
        Stage(
            heading, contents.formats.number(count), contents.formats.percent(count / cohort.sent), count / cohort.sent
        )
        for heading, count in counts
    )


def funnel_description(contents: Contents) -> str:
    """The funnel for those who do not see it."""
    cohort, number = contents.snapshot.cohort or Cohort(), contents.formats.number
    return contents.words.gettext(
        "Of %(sent)s documents sent, %(viewed)s were viewed, %(signed)s signed and %(completed)s completed.",
        sent=number(cohort.sent),
        viewed=number(cohort.viewed),
        signed=number(cohort.signed),
        completed=number(cohort.completed),
    )


def open_documents(contents: Contents) -> pl.DataFrame:
    """All that are open, the oldest first."""
    return contents.snapshot.documents.filter(pl.col("status") == DocumentStatus.OPEN)


def oldest_open(contents: Contents) -> tuple[OpenDocument, ...]:
    rows = open_documents(contents).head(OPEN_DOCUMENTS_SHOWN)
    senders = sender_names(rows)
    return tuple(
        OpenDocument(
            one_line(row["document_id"]),
            senders.get(row["user_id"], UNDEFINED),
            _date(contents, row["sent_at"]),
            _date(contents, row["first_viewed_at"]),
            UNDEFINED if row["days_open"] is None else contents.formats.number(row["days_open"]),
        )
        for row in rows.iter_rows(named=True)
    )


def sender_names(documents: pl.DataFrame) -> dict[str, str]:
    """What the senders of these documents are called, by id; those whom nobody knows are left out."""
    known = documents.filter(pl.col("user_id").is_not_null()).select("user_id", "user_name", "user_email").iter_rows()
    users = (UserUsage(user_id, name, email, Counts()) for user_id, name, email in known)
    return distinct_names(users, most_characters=_SENDER_LIMIT_CHARACTERS)


def trend_rows(contents: Contents) -> tuple[TrendRow, ...]:
    """The periods before and the reported one, the latest first; empty without any before."""
    number, percent = contents.formats.number, contents.formats.percent
    return tuple(
        TrendRow(
            trend_title(point, contents),
            number(point.totals.sent),
            number(point.totals.completed),
            percent(point.cohort.completion_rate),
            number(point.cohort.open),
        )
        for point in reversed(_told(contents))
    )


def trend_title(point: TrendPoint, contents: Contents) -> str:
    """The period's, marked where figures begin within it: `trend_note` says what the mark means."""
    title = period_title(point.period, contents.formats, today=contents.today)
    return title + _MARK if contents.snapshot.begins_within(point.period) else title


def trend_note(contents: Contents) -> str:
    """Why the first period is low, and the last one; empty where both are counted whole."""
    snapshot, gettext = contents.snapshot, contents.words.gettext
    notes = []
    if snapshot.first_data_day is not None and any(snapshot.begins_within(point.period) for point in snapshot.trend):
        day = contents.formats.date(snapshot.first_data_day)
        notes.append(gettext("* Figures begin on %(day)s: this period is counted from that day on.", day=day))
    if len(snapshot.trend) > 1 and snapshot.is_to_date:
        notes.append(gettext("The last period is not over."))
    return " ".join(notes)


def trend_chart(contents: Contents) -> TrendChart | None:
    """None without a period before."""
    points = _told(contents)
    if not points:
        return None
    bars = tuple(
        Bar(
            point.period.first,
            point.period.last,
            _axis_label(contents, point, is_first=point is points[0]),
            point.totals,
            is_partial=contents.snapshot.is_partial(point.period),
        )
        for point in points
    )
    most = max(points, key=lambda point: point.totals.sent)
    description = contents.words.gettext(
        "Documents sent and completed in each period; most were sent in %(period)s: %(sent)s.",
        period=period_in_text(most.period, contents.formats, today=contents.today),
        sent=contents.formats.number(most.totals.sent),
    )
    return TrendChart(bars, axis(max(max(bar.sent, bar.completed) for bar in bars)), description)


def _told(contents: Contents) -> tuple[TrendPoint, ...]:
    return contents.snapshot.trend if len(contents.snapshot.trend) > 1 else ()


def _axis_label(contents: Contents, point: TrendPoint, *, is_first: bool) -> str:
    """Of months and quarters, the first and the first of each year say the year: else all would touch."""
    formats = contents.formats
    names_year = is_first or point.period.first.month == 1
    match str(point.period.kind):
        case "month":
            label = formats.month if names_year else formats.month_name
        case "quarter":
            label = formats.quarter if names_year else formats.quarter_name
        case "year":
            label = formats.year
        case _:
            label = formats.short_date
    return label(point.period.first) + (_MARK if contents.snapshot.begins_within(point.period) else "")


def _date(contents: Contents, instant: dt.datetime | None) -> str:
    if instant is None:
        return UNDEFINED
    return contents.formats.date(instant.astimezone(contents.snapshot.tenant.zone).date())
