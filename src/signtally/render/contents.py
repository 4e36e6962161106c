"""What every file and email says of a snapshot, in one order and in the same words."""

import dataclasses
import datetime as dt
import functools
from zoneinfo import ZoneInfo

from signtally.domain.actions import Action, Counts
from signtally.domain.allowance import AllowanceUse
from signtally.domain.basis import Basis
from signtally.domain.definitions import Definition, definition, definitions_used
from signtally.domain.periods import Period, PeriodKind, end_of_day, start_of_day
from signtally.domain.snapshot import ReportIdentity, UsageSnapshot, UserUsage
from signtally.render.formats import UNDEFINED, Formats, one_line, utc_offset
from signtally.render.theme import HEADINGS, Theme
from signtally.render.translation import Translation

_BASES = {
    Basis.ACTIVITY: "Activity basis: each event counts on the date it happened",
    Basis.COHORT: "Cohort basis: documents sent in the period, followed to their outcome so far",
}
UNREADABLE_PROFILE = (
    "Days are counted in UTC, because your organisation’s profile could not be read. Contact your service provider."
)


@dataclasses.dataclass(frozen=True, slots=True)
class MeasureLine:
    """One measure in the period and before; *change* is None while the period is not over."""

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
class Contents:
    """The snapshot in words; lists come in the order in which every file shows them."""

    snapshot: UsageSnapshot

    @functools.cached_property
    def formats(self) -> Formats:
        return Formats.of(self.snapshot.tenant)

    @property
    def words(self) -> Translation:
        """The texts of the tenant's language."""
        return self.formats.words

    @functools.cached_property
    def theme(self) -> Theme:
        return Theme().with_accent(self.snapshot.tenant.branding.accent)

    @property
    def tenant_name(self) -> str:
        return one_line(self.snapshot.tenant.display_name) or self.snapshot.tenant.tenant_id

    @property
    def today(self) -> dt.date:
        return self.snapshot.tenant.today(self.snapshot.taken_at)

    @property
    def period(self) -> str:
        return self.formats.period(self.snapshot.period, today=self.today)

    @property
    def previous_period(self) -> str:
        return self.formats.period(self.snapshot.previous, today=self.today)

    @property
    def period_in_text(self) -> str:
        """The period within a sentence: `the week of 5–11 Oct 2026`, `October 2026`."""
        return self.formats.period_in_text(self.snapshot.period, today=self.today)

    @property
    def dates(self) -> str:
        """What the period's title leaves open: `1–31 Oct 2026, 31 days`, `7 days` for a week; empty for a day."""
        return self._extent(self.snapshot.period)

    @property
    def zone(self) -> str:
        """The zone's name and its offsets from UTC during the period: `Europe/Berlin (UTC+02:00, then UTC+01:00)`."""
        name, offsets = self.snapshot.tenant.timezone, _offsets(self.snapshot.period, self.snapshot.tenant.zone)
        return name if name == offsets else f"{name} ({offsets})"

    @property
    def lead(self) -> str:
        """The line below the title: dates and zone."""
        return " · ".join(filter(None, (self.dates, self.zone)))

    @property
    def data_through(self) -> str:
        return self.formats.instant_or_nothing(self.snapshot.data_through)

    @property
    def freshness(self) -> str:
        """How fresh the figures are, as a line of its own."""
        known = self.snapshot.data_through is not None
        return f"Data through {self.data_through}" if known else "No data received yet"

    @property
    def caveat(self) -> str:
        """What a reader must know before relying on the figures; empty when there is nothing."""
        return " ".join(
            filter(
                None,
                (UNREADABLE_PROFILE if self.snapshot.tenant.is_unreadable else "", self._unfinished, self._provisional),
            )
        )

    @property
    def _unfinished(self) -> str:
        """The period is over, and what was sent in it may not all have been counted."""
        through, zone = self.snapshot.data_through, self.snapshot.tenant.zone
        if not self.is_over or through is None or through >= end_of_day(self.snapshot.period.last, zone):
            return ""
        return "Not final: events from the end of the period may still be missing."

    @property
    def _provisional(self) -> str:
        days = self.snapshot.provisional_days
        if not days:
            return ""
        return f"Provisional: some events of {self.formats.dates(days[0], days[-1])} have not been counted yet."

    @property
    def is_over(self) -> bool:
        """Whether the period has ended; until then, a change compared with a whole period would mislead."""
        return self.snapshot.period.last < self.today

    @property
    def comparison(self) -> str:
        """What the previous figures are, and why no change is shown while there is none."""
        previous = self._described(
            self.formats.period_in_text(self.snapshot.previous, today=self.today), self.snapshot.previous
        )
        if self.is_over:
            return f"Compared with {previous}"
        return f"Changes are shown once the period is over. Previous figures are for all of {previous}"

    @property
    def _before(self) -> str:
        """How a card names the previous period: `in the previous month`, `in the full previous month`."""
        kind, previous = self.snapshot.period.kind, self.snapshot.previous
        if kind is PeriodKind.RANGE:
            return f"in the previous {self._days(previous).removeprefix('1 ')}"
        whole = "" if self.is_over else "full "
        return f"{'on' if kind is PeriodKind.DAY else 'in'} the {whole}previous {kind}"

    @property
    def measures(self) -> tuple[MeasureLine, ...]:
        pairs = zip(Action, self.snapshot.totals.as_tuple(), self.snapshot.previous_totals.as_tuple(), strict=True)
        return tuple(
            MeasureLine(action, HEADINGS[action], now, before, self._change(now, before))
            for action, now, before in pairs
        )

    @property
    def rates(self) -> tuple[RateLine, ...]:
        now, before = self.snapshot.totals, self.snapshot.previous_totals
        return (
            self._rate("Completion rate", now.completion_rate, before.completion_rate),
            self._rate("Success rate of closed", now.success_rate_of_closed, before.success_rate_of_closed),
        )

    @property
    def basis(self) -> str:
        """By which date the figures count, as a line of its own."""
        return _BASES[self.snapshot.basis]

    @property
    def is_on_activity(self) -> bool:
        """Whether the figures count as everybody expects who is not told otherwise."""
        return self.snapshot.basis is Basis.ACTIVITY

    @property
    def allowance(self) -> AllowanceUse | None:
        """That of the month which holds the period's last day; a part of the users has none of its own."""
        return self.snapshot.allowance

    @property
    def cards(self) -> tuple[Card, ...]:
        sent, completed = (self._count_card(line) for line in self.measures if line.action in _ON_CARDS)
        rate = self.rates[0]
        rate_card = Card(
            rate.heading,
            self.formats.percent(rate.now),
            change="" if rate.change in {None, UNDEFINED} else str(rate.change),
            trend=_trend(rate.now or 0, rate.before or 0) if self.is_over else "",
            note=f"{self.formats.percent(rate.before)} {self._before}",
        )
        return (sent, completed, rate_card, self._allowance_card() or self._senders_card())

    def filters(self, *, most_ids: int | None = None) -> str:
        """Which users the figures are about; at most so many ids, and how many more there are."""
        ids = self.snapshot.user_ids
        if ids is None:
            return "None (all users)"
        named = [one_line(user_id) for user_id in ids[:most_ids]]
        more = f" and {self.formats.number(len(ids) - len(named))} more" if len(named) < len(ids) else ""
        return f"{self._counted(len(ids), 'user')}: {', '.join(named)}{more}"

    @property
    def definitions(self) -> tuple[Definition, ...]:
        return definitions_used(
            allowance=self.allowance is not None, basis=self.snapshot.basis, restated=bool(self.snapshot.restated)
        )

    def definition(self, term: str) -> str:
        return definition(term, basis=self.snapshot.basis).meaning

    @property
    def row_count(self) -> str:
        users, days = len(self.snapshot.users), len(self.snapshot.days)
        return f"{self._counted(users, 'user row')}, {self._counted(days, 'day row')}"

    @property
    def control_totals(self) -> str:
        """The sums that the rows of every table must add up to."""
        return " · ".join(f"{line.heading} {self.formats.number(line.now)}" for line in self.measures)

    def facts(self, identity: ReportIdentity) -> tuple[tuple[str, str], ...]:
        """What the file says of itself, as label and text."""
        return (
            ("Organisation", f"{self.tenant_name} ({one_line(self.snapshot.tenant.tenant_id)})"),
            ("Period", self._described(self.period, self.snapshot.period)),
            ("Previous period", self._described(self.previous_period, self.snapshot.previous)),
            ("Time zone", self.zone),
            ("Basis", self.basis),
            ("Filter", self.filters(most_ids=_IDS_IN_A_LINE)),
            ("Data through", self.data_through),
            ("Rows", self.row_count),
            ("Control totals", self.control_totals),
            ("Report", f"{identity.report_id}, version {identity.version}"),
            ("Created", self.formats.instant(identity.made_at)),
        )

    @property
    def previous_dates(self) -> str:
        return self._extent(self.snapshot.previous)

    def _extent(self, period: Period) -> str:
        match period.kind:
            case PeriodKind.DAY:
                return ""
            case PeriodKind.WEEK | PeriodKind.RANGE:  # their titles are dates
                return self._days(period)
            case _:
                return f"{self.formats.dates(period.first, period.last)}, {self._days(period)}"

    def _described(self, title: str, period: Period) -> str:
        """A period in one line: `October 2026 (1–31 Oct 2026, 31 days)`."""
        extent = self._extent(period)
        if not extent:
            return title
        return f"{title}, {extent}" if title.endswith(")") else f"{title} ({extent})"  # `… (to date), 7 days`

    def _days(self, period: Period) -> str:
        return self._counted((period.last - period.first).days + 1, "day")

    def _counted(self, count: int, noun: str) -> str:
        return f"1 {noun}" if count == 1 else f"{self.formats.number(count)} {noun}s"

    def _change(self, now: int, before: int) -> str | None:
        return self.formats.change(now, before) if self.is_over else None

    def _rate(self, heading: str, now: float | None, before: float | None) -> RateLine:
        return RateLine(heading, now, before, self.formats.points(now, before) if self.is_over else None)

    def _count_card(self, line: MeasureLine) -> Card:
        return Card(
            f"Documents {line.heading.lower()}",
            self.formats.number(line.now),
            change="" if line.change in {None, UNDEFINED} else str(line.change),
            trend=_trend(line.now, line.before) if self.is_over else "",
            note=f"{self.formats.number(line.before)} {self._before}",
        )

    def _allowance_card(self) -> Card | None:
        allowance = self.allowance
        if allowance is None or self.snapshot.period.kind is not PeriodKind.MONTH:
            return None
        note = f"{self.formats.number(allowance.used)} of {self.formats.number(allowance.allowed)} documents"
        return Card("Allowance used", self.formats.percent(allowance.share), note=note, share=allowance.share)

    def _senders_card(self) -> Card:
        active, users = self.snapshot.active_senders, len(self.snapshot.users)
        note = f"of {self._counted(users, 'active user')}"
        return Card("Active senders", self.formats.number(active), note=note)


_IDS_IN_A_LINE = 12
_ON_CARDS = frozenset({Action.SENT, Action.COMPLETED})


def shown_names(user: UserUsage) -> tuple[str, str]:
    """How a row calls its user, and what tells two of one name apart: the email, or else the id."""
    shown = [one_line(text) for text in (user.user_name, user.user_email, user.user_id) if text]
    known = [text for text in shown if text] or [repr(user.user_id)]
    return (known[0], known[1]) if len(known) > 1 else (known[0], "")


def rest_of(counts: Counts, shown: Counts) -> Counts:
    """What *shown* leaves of *counts*, measure by measure."""
    return Counts(*(whole - part for whole, part in zip(counts.as_tuple(), shown.as_tuple(), strict=True)))


def _trend(now: float, before: float) -> str:
    if now == before:
        return ""
    return "up" if now > before else "down"


def _offsets(period: Period, zone: ZoneInfo) -> str:
    first = start_of_day(period.first, zone).astimezone(zone)
    last = (end_of_day(period.last, zone) - dt.timedelta(microseconds=1)).astimezone(zone)
    offsets = dict.fromkeys((utc_offset(first), utc_offset(last)))
    return ", then ".join(offsets)
