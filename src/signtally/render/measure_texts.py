"""How much: the measures, the rates and the cards that show them at a glance, in words."""

import dataclasses

from signtally.domain.actions import Action
from signtally.domain.allowance import AllowanceUse
from signtally.domain.definitions import HEADINGS
from signtally.domain.periods import PeriodKind
from signtally.domain.wording import translatable
from signtally.render.formats import UNDEFINED
from signtally.render.period_texts import PeriodTexts

_CARD_LABELS = {
    Action.SENT: translatable("Documents sent"),
    Action.COMPLETED: translatable("Documents completed"),
}
_IN_PREVIOUS = {
    PeriodKind.DAY: translatable("%(figure)s on the previous day"),
    PeriodKind.WEEK: translatable("%(figure)s in the previous week"),
    PeriodKind.MONTH: translatable("%(figure)s in the previous month"),
    PeriodKind.QUARTER: translatable("%(figure)s in the previous quarter"),
    PeriodKind.YEAR: translatable("%(figure)s in the previous year"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class MeasureLine:
    """One measure in the period and before; *change* is None where a comparison would mislead."""

    action: Action
    heading: str
    now: int
    before: int
    change: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class RateLine:
    heading: str
    now: float | None
    before: float | None
    change: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Card:
    """A figure to read at a glance; *trend* is `up`, `down` or empty and never says whether that is good."""

    label: str
    figure: str
    change: str = ""
    trend: str = ""
    note: str = ""
    share: float | None = None  # of an allowance, 0–1 and above


@dataclasses.dataclass(frozen=True)
class MeasureTexts(PeriodTexts):
    """What is said of a snapshot's totals, beside those of the period before."""

    def heading(self, action: Action) -> str:
        """How every table, card and legend heads an action."""
        return self.words.gettext(HEADINGS[action])

    @property
    def measures(self) -> tuple[MeasureLine, ...]:
        pairs = zip(Action, self.snapshot.totals.as_tuple(), self.snapshot.previous_totals.as_tuple(), strict=True)
        return tuple(
            MeasureLine(action, self.heading(action), now, before, self._change(now, before))
            for action, now, before in pairs
        )

    @property
    def rates(self) -> tuple[RateLine, ...]:
        now, before = self.snapshot.totals, self.snapshot.previous_totals
        return (
            self._rate(
                self.words.gettext("Completion rate"),
                self.snapshot.completion_rate,
                self.snapshot.previous_completion_rate,
            ),
            self._rate(
                self.words.gettext("Success rate of closed"), now.success_rate_of_closed, before.success_rate_of_closed
            ),
        )

    @property
    def allowance(self) -> AllowanceUse | None:
        """That of the month which holds the period's last day; a part of the users has none of its own."""
        return self.snapshot.allowance

    @property
    def cards(self) -> tuple[Card, ...]:
        sent, completed = (self._count_card(line) for line in self.measures if line.action in _CARD_LABELS)
        rate = self.rates[0]
        rate_card = Card(
            rate.heading,
            self.formats.percent(rate.now),
            change="" if rate.change in {None, UNDEFINED} else str(rate.change),
            trend=_trend(rate.now or 0, rate.before or 0) if self.is_comparable else "",
            note=self._still_open or self._before(self.formats.percent(rate.before)),
        )
        return (sent, completed, rate_card, self._allowance_card() or self._senders_card())

    @property
    def _still_open(self) -> str:
        """Of the documents sent in the period: without their number, a rate that will still rise looks final."""
        count = self.snapshot.cohort.open if self.snapshot.cohort else 0
        if not count:
            return ""
        return self.words.ngettext(
            "%(count)s still open", "%(count)s still open", count, count=self.formats.number(count)
        )

    def _before(self, figure: str) -> str:
        """A previous figure as a card shows it: `45 in the previous month`, `45 in 1–27 Oct 2026`."""
        if self.snapshot.is_previous_before_data:
            return self.beginning
        days = self.snapshot.previous.day_count
        if self.snapshot.period.kind is PeriodKind.RANGE and days > 1:
            return self.words.ngettext(
                "%(figure)s in the previous %(count)s day",
                "%(figure)s in the previous %(count)s days",
                days,
                figure=figure,
                count=self.formats.number(days),
            )
        if (until := self.snapshot.previous_until) is not None:
            time = self.formats.clock_time(until)
            return self.words.gettext("%(figure)s on the previous day until %(time)s", figure=figure, time=time)
        if self.snapshot.previous.is_whole:
            kind = PeriodKind.DAY if days == 1 else self.snapshot.period.kind
            return self.words.gettext(_IN_PREVIOUS[kind], figure=figure)
        return self.words.gettext("%(figure)s in %(previous)s", figure=figure, previous=self.previous_period_in_text)

    def _change(self, now: int, before: int) -> str | None:
        return self.formats.change(now, before) if self.is_comparable else None

    def _rate(self, heading: str, now: float | None, before: float | None) -> RateLine:
        return RateLine(heading, now, before, self.formats.points(now, before) if self.is_comparable else None)

    def _count_card(self, line: MeasureLine) -> Card:
        return Card(
            self.words.gettext(_CARD_LABELS[line.action]),
            self.formats.number(line.now),
            change="" if line.change in {None, UNDEFINED} else str(line.change),
            trend=_trend(line.now, line.before) if self.is_comparable else "",
            note=self._before(self.formats.number(line.before)),
        )

    def _allowance_card(self) -> Card | None:
        allowance = self.allowance
        if allowance is None or self.snapshot.period.kind is not PeriodKind.MONTH:
            return None
        note = self.words.ngettext(
            "%(used)s of %(count)s document",
            "%(used)s of %(count)s documents",
            allowance.allowed,
            used=self.formats.number(allowance.used),
            count=self.formats.number(allowance.allowed),
        )
        return Card(
            self.words.gettext("Allowance used"),
            self.formats.percent(allowance.share),
            note=note,
            share=allowance.share,
        )

    def _senders_card(self) -> Card:
        active, users = self.snapshot.active_senders, len(self.snapshot.users)
        note = self.words.ngettext(
            "of %(count)s active user", "of %(count)s active users", users, count=self.formats.number(users)
        )
        return Card(self.words.gettext("Active senders"), self.formats.number(active), note=note)


def _trend(now: float, before: float) -> str:
    if now == before:
        return ""
    return "up" if now > before else "down"
