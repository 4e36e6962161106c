"""What files and emails say of documents and hours, in one order and in the same words."""

import dataclasses
import datetime as dt

from signtally.domain.allowance import AllowanceUse, Outlook
from signtally.domain.basis import Basis
from signtally.domain.insights import DocumentFigures, Insights
from signtally.domain.periods import DAYS_A_WEEK
from signtally.domain.wording import translatable
from signtally.render.contents import Contents
from signtally.render.formats import UNDEFINED
from signtally.render.measure_texts import Card
from signtally.render.translation import Translation

MOST_ON = (  # by weekday, Monday first
    translatable("most on Mondays"),
    translatable("most on Tuesdays"),
    translatable("most on Wednesdays"),
    translatable("most on Thursdays"),
    translatable("most on Fridays"),
    translatable("most on Saturdays"),
    translatable("most on Sundays"),
)
_UNMEASURED = translatable("send dates not known")
_NONE_COMPLETED = translatable("no documents completed")


@dataclasses.dataclass(frozen=True, slots=True)
class HourBar:
    """One hour of the day; *share* is that of the busiest one, 0–1."""

    begins: str  # `10:00`
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
        distinct = Card(
            self._words.gettext("Distinct documents"), number, note=self._words.gettext("with any activity")
        )
        return (turnaround, still_open, distinct, self._hour_card())

    @property
    def hours(self) -> tuple[HourBar, ...]:
        """24, from midnight on; none where hours are not counted."""
        if self.insights.activity is None:
            return ()
        events = self.insights.activity.hours
        most = max(events) or 1
        begins = self.contents.formats.hour_begins
        return tuple(HourBar(begins(hour), count, count / most) for hour, count in enumerate(events))

    @property
    def span(self) -> str:
        """The first and the last activity, as a sentence; empty when there was none, or where it is not looked for."""
        activity = self.insights.activity
        if activity is None or activity.first_at is None or activity.last_at is None:
            return ""
        first, last = self.contents.formats.clock(activity.first_at), self.contents.formats.clock(activity.last_at)
        return self._words.gettext("First activity %(first)s; last activity %(last)s.", first=first, last=last)

    @property
    def allowance(self) -> str:
        """What of the allowance is used, and when it will be, in sentences; empty without one."""
        use = self.contents.allowance
        if use is None:
            return ""
        month = self.contents.formats.month_in_full(use.month.first)
        used = self._words.ngettext(
            "Allowance for %(month)s: %(used)s of %(count)s document used by %(date)s.",
            "Allowance for %(month)s: %(used)s of %(count)s documents used by %(date)s.",
            use.allowed,
            month=month,
            used=self._number(use.used),
            count=self._number(use.allowed),
            date=self._date(use.as_of),
        )
        return " ".join(filter(None, (used, self._outlook(use), self._forecast(use))))

    def _turnaround_card(self, figures: DocumentFigures) -> Card:
        found, duration = figures.turnaround, self.contents.formats.duration
        label = self._words.gettext("Median turnaround")
        if found is None:
            nothing = _UNMEASURED if figures.completed else _NONE_COMPLETED
            return Card(label, UNDEFINED, note=self._words.gettext(nothing))
        note = self._words.gettext(
            "p90 %(p90)s · mean %(mean)s · %(documents)s",
            p90=duration(found.p90),
            mean=duration(found.mean),
            documents=self._measured(found.documents, figures.completed),
        )
        return Card(label, duration(found.median), note=note)

    def _measured(self, documents: int, completed: int) -> str:
        """On how many of the completed documents a turnaround rests."""
        ngettext, number = self._words.ngettext, self._number
        if documents == completed:
            return ngettext("%(count)s document", "%(count)s documents", documents, count=number(documents))
        return ngettext(
            "%(some)s of %(count)s document",
            "%(some)s of %(count)s documents",
            completed,
            some=number(documents),
            count=number(completed),
        )

    def _open_card(self, figures: DocumentFigures) -> Card:
        if self.contents.snapshot.basis is Basis.COHORT:
            note = self._words.gettext("of the documents sent")
        elif self.contents.is_over:
            note = self._words.gettext("at the end of %(date)s", date=self._date(self.contents.snapshot.period.last))
        else:
            note = self._words.gettext("as of now")
        return Card(self._words.gettext("Open documents"), self._number(figures.open), note=note)

    def _closed_card(self) -> Card:
        sent = self.contents.snapshot.totals.sent
        closed = sent - self.insights.documents.open
        share = self.contents.formats.percent(closed / sent if sent else None)
        note = self._words.gettext("%(share)s of the documents sent", share=share)
        return Card(self._words.gettext("Closed documents"), self._number(closed), note=note)

    def _hour_card(self) -> Card:
        activity, formats = self.insights.activity, self.contents.formats
        hour = None if activity is None else activity.busiest_hour
        if activity is None or hour is None:
            return Card(self._words.gettext("Busiest hour"), UNDEFINED, note=self._words.gettext("no activity"))
        events = activity.hours[hour]
        note = self._words.ngettext("%(count)s event", "%(count)s events", events, count=self._number(events))
        if self.contents.snapshot.period.day_count > DAYS_A_WEEK:
            on_days = [hours[hour] for hours in activity.week]
            note = formats.listed(note, self._words.gettext(MOST_ON[on_days.index(max(on_days))]))
        return Card(self._words.gettext("Busiest hour"), formats.hour(hour), note=note)

    def _outlook(self, use: AllowanceUse) -> str:
        match use.outlook:
            case Outlook.USED_UP:
                return self._words.gettext("It was used up on %(date)s.", date=self._date(use.on))
            case Outlook.RUNS_OUT:
                return self._words.gettext("At the current pace it will run out on %(date)s.", date=self._date(use.on))
            case Outlook.TOO_EARLY:
                return self._words.gettext("It is too early in the month for a forecast.")
            case Outlook.LASTS:
                if not self._is_running(use):
                    return self._words.gettext("It lasted the month.")
                return self._words.gettext("At the current pace it will last the month.")

    def _forecast(self, use: AllowanceUse) -> str:
        """How many documents there will have been when the month is over; empty when it is, or too young to tell."""
        if use.expected is None or not self._is_running(use):
            return ""
        return self._words.ngettext(
            "%(count)s document is expected by the end of the month.",
            "%(count)s documents are expected by the end of the month.",
            use.expected,
            count=self._number(use.expected),
        )

    def _is_running(self, use: AllowanceUse) -> bool:
        return use.as_of != use.month.last or not self.contents.is_over

    @property
    def _words(self) -> Translation:
        return self.contents.words

    def _date(self, day: dt.date | None) -> str:
        return UNDEFINED if day is None else self.contents.formats.date(day)

    def _number(self, value: int) -> str:
        return self.contents.formats.number(value)
