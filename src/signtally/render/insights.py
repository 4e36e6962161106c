"""What files and emails say of documents and hours, in one order and in the same words."""

import dataclasses
import datetime as dt

from signtally.domain.allowance import AllowanceUse, Outlook
from signtally.domain.basis import Basis
from signtally.domain.insights import DocumentFigures, Insights
from signtally.domain.periods import DAYS_A_WEEK
from signtally.render.contents import Card, Contents
from signtally.render.formats import UNDEFINED


@dataclasses.dataclass(frozen=True, slots=True)
class HourBar:
    """One hour of the day; *share* is that of the busiest one, 0–1."""

    label: str  # `10:00–11:00`
    events: int
    share: float


@dataclasses.dataclass(frozen=True)
class InsightContents:
    """The insights in words. Before making one, see that the snapshot has any."""

    contents: Contents
    insights: Insights

    @classmethod
    def of(cls, contents: Contents) -> "InsightContents | None":
        insights = contents.snapshot.insights
        return None if insights is None else cls(contents, insights)

    @property
    def cards(self) -> tuple[Card, ...]:
        figures = self.insights.documents
        turnaround, still_open = self._turnaround_card(figures), self._open_card(figures)
        if self.insights.activity is None:
            return (turnaround, still_open, self._closed_card())
        number = self._number(self.insights.distinct_documents)
        distinct = Card("Distinct documents", number, note="with any activity")
        return (turnaround, still_open, distinct, self._hour_card())

    @property
    def hours(self) -> tuple[HourBar, ...]:
        """24, from midnight on; none where hours are not counted."""
        if self.insights.activity is None:
            return ()
        events = self.insights.activity.hours
        most = max(events) or 1
        hour_of = self.contents.formats.hour
        return tuple(HourBar(hour_of(hour), count, count / most) for hour, count in enumerate(events))

    @property
    def span(self) -> str:
        """The first and the last activity; empty when there was none, or where it is not looked for."""
        activity = self.insights.activity
        if activity is None or activity.first_at is None or activity.last_at is None:
            return ""
        first, last = self.contents.formats.clock(activity.first_at), self.contents.formats.clock(activity.last_at)
        return f"First activity {first}; last activity {last}"

    @property
    def allowance(self) -> str:
        """What of the allowance is used, and when it will be, as a sentence; empty without one."""
        use = self.contents.allowance
        if use is None:
            return ""
        month = self.contents.formats.month(use.month.first)
        documents = f"{self._number(use.used)} of {self._number(use.allowed)} documents"
        return f"Allowance for {month}: {documents} used by {self._date(use.as_of)}; {self._outlook(use)}"

    def _turnaround_card(self, figures: DocumentFigures) -> Card:
        found, duration = figures.turnaround, self.contents.formats.duration
        if found is None:
            nothing = "no documents completed" if not figures.completed else "send dates not known"
            return Card("Median turnaround", UNDEFINED, note=nothing)
        of = f" of {self._number(figures.completed)}" if found.documents < figures.completed else ""
        documents = f"{self._number(found.documents)}{of} {'document' if figures.completed == 1 else 'documents'}"
        note = f"p90 {duration(found.p90)} · mean {duration(found.mean)} · {documents}"
        return Card("Median turnaround", duration(found.median), note=note)

    def _open_card(self, figures: DocumentFigures) -> Card:
        if self.contents.snapshot.basis is Basis.COHORT:
            note = "of the documents sent"
        elif self.contents.is_over:
            note = f"at the end of {self._date(self.contents.snapshot.period.last)}"
        else:
            note = "as of now"
        return Card("Open documents", self._number(figures.open), note=note)

    def _closed_card(self) -> Card:
        sent = self.contents.snapshot.totals.sent
        closed = sent - self.insights.documents.open
        share = self.contents.formats.percent(closed / sent if sent else None)
        return Card("Closed documents", self._number(closed), note=f"{share} of the documents sent")

    def _hour_card(self) -> Card:
        activity, formats = self.insights.activity, self.contents.formats
        hour = None if activity is None else activity.busiest_hour
        if activity is None or hour is None:
            return Card("Busiest hour", UNDEFINED, note="no activity")
        events = activity.hours[hour]
        note = f"{self._number(events)} {'event' if events == 1 else 'events'}"
        if self.contents.snapshot.period.day_count > DAYS_A_WEEK:
            on_days = [hours[hour] for hours in activity.week]
            note += f", most on {formats.weekday(on_days.index(max(on_days)))}s"
        return Card("Busiest hour", formats.hour(hour), note=note)

    def _outlook(self, use: AllowanceUse) -> str:
        match use.outlook:
            case Outlook.USED_UP:
                return f"it was used up on {self._date(use.on)}"
            case Outlook.RUNS_OUT:
                return f"at the current pace it will run out on {self._date(use.on)}"
            case Outlook.TOO_EARLY:
                return "too early in the month for a forecast"
            case Outlook.LASTS:
                is_over = use.as_of == use.month.last and self.contents.is_over
                return "it lasted the month" if is_over else "at the current pace it will last the month"

    def _date(self, day: dt.date | None) -> str:
        return UNDEFINED if day is None else self.contents.formats.date(day)

    def _number(self, value: int) -> str:
        return self.contents.formats.number(value)
