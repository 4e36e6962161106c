"""What every file and email says of a snapshot, in one order and in the same words."""

import dataclasses
import datetime as dt
import functools

from signtally.domain.actions import Action, Counts
from signtally.domain.allowance import AllowanceUse
from signtally.domain.basis import Basis
from signtally.domain.definitions import Definition, definitions_used
from signtally.domain.periods import Period, PeriodKind, end_of_day, start_of_day
from signtally.domain.snapshot import ReportIdentity, UsageSnapshot, UserUsage
from signtally.domain.wording import translatable
from signtally.render.definitions import defined, translated
from signtally.render.formats import UNDEFINED, Formats, one_line, utc_offset
from signtally.render.theme import HEADINGS, Theme
from signtally.render.translation import Translation
from signtally.render.version_changes import changes_line

_BASES = {
    Basis.ACTIVITY: translatable("Activity basis: each event counts on the date it happened"),
    Basis.COHORT: translatable("Cohort basis: documents sent in the period, followed to their outcome so far"),
}
UNREADABLE_PROFILE = translatable(
    "Days are counted in UTC, because your organisation’s profile could not be read. Contact your service provider."
)


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
        return self._until(self.formats.period(self.snapshot.previous, today=self.today))

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
        name, offsets = self.snapshot.tenant.timezone, self._offsets
        return name if name == offsets else self._with_detail(name, offsets)

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
        if self.snapshot.data_through is None:
            return self.words.gettext("No data received yet")
        return self.words.gettext("Data through %(instant)s", instant=self.data_through)

    @property
    def caveat(self) -> str:
        """What a reader must know before relying on the figures; empty when there is nothing."""
        return " ".join(
            filter(
                None,
                (
                    self.words.gettext(UNREADABLE_PROFILE) if self.snapshot.tenant.is_unreadable else "",
                    self._unfinished,
                    self._provisional,
                ),
            )
        )

    @property
    def _unfinished(self) -> str:
        """The period is over, and what was sent in it may not all have been counted."""
        through, zone = self.snapshot.data_through, self.snapshot.tenant.zone
        if not self.is_over or through is None or through >= end_of_day(self.snapshot.period.last, zone):
            return ""
        return self.words.gettext("Not final: events from the end of the period may still be missing.")

    @property
    def _provisional(self) -> str:
        days = self.snapshot.provisional_days
        if not days:
            return ""
        dates = self.formats.dates(days[0], days[-1])
        return self.words.gettext("Provisional: some events of %(dates)s have not been counted yet.", dates=dates)

    @property
    def is_over(self) -> bool:
        """Whether the period has ended."""
        return not self.snapshot.is_to_date

    @property
    def is_comparable(self) -> bool:
        """Whether changes are shown: the previous period has figures of all or nearly all of its days."""
        return self.snapshot.is_comparable

    @property
    def comparison(self) -> str:
        """What the previous figures are, and why no change is shown where there is none: in whole sentences."""
        gettext, begins = self.words.gettext, self.snapshot.previous_data_from
        previous = self._described(
            self._until(self.formats.period_in_text(self.snapshot.previous, today=self.today)), self.snapshot.previous
        )
        if begins is None and self.is_comparable:
            return gettext("Compared with %(previous)s.", previous=previous)
        if begins is None or begins > self.snapshot.previous.last:
            return gettext("There are no figures of %(previous)s to compare with.", previous=previous)
        day = self.formats.date(begins)
        if self.is_comparable:
            return gettext("Compared with %(previous)s; figures begin on %(day)s.", previous=previous, day=day)
        return gettext(
            "No changes are shown: of %(previous)s, there are figures only from %(day)s on.", previous=previous, day=day
        )

    def _until(self, title: str) -> str:
        """Yesterday, as far as today has come: `Thursday, 26 November 2026, until 14:05`."""
        until = self.snapshot.previous_until
        if until is None:
            return title
        return self.words.gettext("%(day)s, until %(time)s", day=title, time=self.formats.clock_time(until))

    def _before(self, figure: str) -> str:
        """A previous figure as a card shows it: `45 in the previous month`, `45 in 1–27 Oct 2026`."""
        if self.snapshot.period.kind is PeriodKind.RANGE:
            days = self.snapshot.previous.day_count
            return self.words.ngettext(
                "%(figure)s on the previous day",
                "%(figure)s in the previous %(count)s days",
                days,
                figure=figure,
                count=self.formats.number(days),
            )
        if self.snapshot.previous.is_whole and self.snapshot.previous_until is None:
            return self.words.gettext(_IN_PREVIOUS[self.snapshot.period.kind], figure=figure)
        return self.words.gettext("%(figure)s in %(previous)s", figure=figure, previous=self.previous_period)

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
    def basis(self) -> str:
        """By which date the figures count, as a line of its own."""
        return self.words.gettext(_BASES[self.snapshot.basis])

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

    def filters(self, *, most_ids: int | None = None) -> str:
        """Which users the figures are about; at most so many ids, and how many more there are."""
        ids = self.snapshot.user_ids
        if ids is None:
            return self.words.gettext("None (all users)")
        named = ", ".join(one_line(user_id) for user_id in ids[:most_ids])
        count, rest = self.formats.number(len(ids)), len(ids) - len(ids[:most_ids])
        if not rest:
            return self.words.ngettext(
                "%(count)s user: %(ids)s", "%(count)s users: %(ids)s", len(ids), count=count, ids=named
            )
        return self.words.ngettext(
            "%(count)s user: %(ids)s and %(rest)s more",
            "%(count)s users: %(ids)s and %(rest)s more",
            len(ids),
            count=count,
            ids=named,
            rest=self.formats.number(rest),
        )

    @property
    def definitions(self) -> tuple[Definition, ...]:
        used = definitions_used(
            allowance=self.allowance is not None, basis=self.snapshot.basis, restated=bool(self.snapshot.restated)
        )
        return tuple(translated(line, self.words) for line in used)

    def definition(self, term: str) -> str:
        return defined(term, words=self.words, basis=self.snapshot.basis).meaning

    @property
    def row_count(self) -> str:
        users, days = len(self.snapshot.users), len(self.snapshot.days)
        ngettext, number = self.words.ngettext, self.formats.number
        return self.formats.listed(
            ngettext("%(count)s user row", "%(count)s user rows", users, count=number(users)),
            ngettext("%(count)s day row", "%(count)s day rows", days, count=number(days)),
        )

    @property
    def control_totals(self) -> str:
        """The sums that the rows of every table must add up to."""
        return " · ".join(f"{line.heading} {self.formats.number(line.now)}" for line in self.measures)

    def facts(self, identity: ReportIdentity) -> tuple[tuple[str, str], ...]:
        """What the file says of itself, as label and text."""
        gettext = self.words.gettext
        version = self.formats.number(identity.version)
        changes = changes_line(identity.changes, self.formats)
        return (
            (gettext("Organisation"), self._with_detail(self.tenant_name, one_line(self.snapshot.tenant.tenant_id))),
            (gettext("Period"), self._described(self.period, self.snapshot.period)),
            (gettext("Previous period"), self._described(self.previous_period, self.snapshot.previous)),
            (gettext("Time zone"), self.zone),
            (gettext("Basis"), self.basis),
            (gettext("Filter"), self.filters(most_ids=_IDS_IN_A_LINE)),
            (gettext("Data through"), self.data_through),
            (gettext("Rows"), self.row_count),
            (gettext("Control totals"), self.control_totals),
            (
                gettext("Report"),
                gettext("%(report_id)s, version %(version)s", report_id=identity.report_id, version=version),
            ),
            (gettext("Created"), self.formats.instant(identity.made_at)),
            *([(gettext("Changes"), changes)] if changes else []),
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
                return self.formats.listed(self.formats.dates(period.first, period.last), self._days(period))

    def _described(self, title: str, period: Period) -> str:
        """A period in one line: `October 2026 (1–31 Oct 2026, 31 days)`."""
        extent = self._extent(period)
        if not extent:
            return title
        if title.endswith((")", "）")):  # `… (to date), 7 days`
            return self.formats.listed(title, extent)
        return self._with_detail(title, extent)

    def _with_detail(self, text: str, detail: str) -> str:
        return self.words.gettext("%(text)s (%(detail)s)", text=text, detail=detail)

    def _days(self, period: Period) -> str:
        days = period.day_count
        return self.words.ngettext("%(count)s day", "%(count)s days", days, count=self.formats.number(days))

    @property
    def _offsets(self) -> str:
        period, zone = self.snapshot.period, self.snapshot.tenant.zone
        begins = start_of_day(period.first, zone).astimezone(zone)
        ends = (end_of_day(period.last, zone) - dt.timedelta(microseconds=1)).astimezone(zone)
        first, last = utc_offset(begins), utc_offset(ends)
        return first if first == last else self.words.gettext("%(first)s, then %(last)s", first=first, last=last)

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


_IDS_IN_A_LINE = 12
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
