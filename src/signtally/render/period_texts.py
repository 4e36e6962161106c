"""When: the period, its zone, what it is compared with and how fresh it is, in words."""

import dataclasses
import datetime as dt
import functools

from signtally.domain.periods import Period, PeriodKind, end_of_day, start_of_day
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.caveats import caveats
from signtally.render.date_formats import utc_offset
from signtally.render.formats import Formats
from signtally.render.period_names import period_in_text, period_title
from signtally.render.translation import Translation


@dataclasses.dataclass(frozen=True)
class PeriodTexts:
    """What is said of a snapshot's period before any figure is."""

    snapshot: UsageSnapshot

    @functools.cached_property
    def formats(self) -> Formats:
        return Formats.of(self.snapshot.tenant)

    @property
    def words(self) -> Translation:
        """The texts of the tenant's language."""
        return self.formats.words

    @property
    def today(self) -> dt.date:
        return self.snapshot.tenant.today(self.snapshot.taken_at)

    @property
    def period(self) -> str:
        return period_title(self.snapshot.period, self.formats, today=self.today)

    @property
    def previous_period(self) -> str:
        return self._until(period_title(self.snapshot.previous, self.formats, today=self.today))

    @property
    def previous_period_in_text(self) -> str:
        return self._until(period_in_text(self.snapshot.previous, self.formats, today=self.today))

    @property
    def period_in_text(self) -> str:
        """The period within a sentence: `the week of 5–11 Oct 2026`, `October 2026`."""
        return period_in_text(self.snapshot.period, self.formats, today=self.today)

    @property
    def dates(self) -> str:
        """What the period's title leaves open: `1–31 Oct 2026, 31 days`, `7 days` for a week; empty for a day."""
        return self._extent(self.snapshot.period)

    @property
    def previous_dates(self) -> str:
        return self._extent(self.snapshot.previous)

    @property
    def zone(self) -> str:
        """The zone's name and its offsets from UTC during the period: `Europe/Berlin (UTC+02:00, then UTC+01:00)`."""
        name, offsets = self.snapshot.tenant.timezone, self._offsets
        return name if name == offsets else self.with_detail(name, offsets)

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
        return caveats(self.snapshot, self.formats)

    @property
    def is_over(self) -> bool:
        """Whether the period has ended."""
        return not self.snapshot.is_to_date

    @property
    def emptiness(self) -> str:
        """Of a period in which nobody did anything: that, or that nothing is known of it."""
        if not self.snapshot.is_before_data:
            return self.words.gettext("No user activity in this period.")
        begins = self.snapshot.first_data_day
        if begins is None:
            return self.words.gettext("There are no data yet.")
        return self.words.gettext("There are no data before %(date)s.", date=self.formats.date(begins))

    @property
    def beginning(self) -> str:
        """Where the tenant's figures begin, in few words."""
        begins = self.snapshot.first_data_day
        if begins is None:
            return self.words.gettext("no data yet")
        return self.words.gettext("no data before %(date)s", date=self.formats.date(begins))

    @property
    def begins_within(self) -> str:
        """The day on which the tenant's figures begin, where that is within the period; else empty."""
        begins = self.snapshot.first_data_day
        within = begins is not None and self.snapshot.begins_within(self.snapshot.period)
        return self.formats.date(begins) if begins is not None and within else ""

    @property
    def is_comparable(self) -> bool:
        """Whether changes are shown: the previous period has figures of all or nearly all of its days."""
        return self.snapshot.is_comparable

    @property
    def is_previous_known(self) -> bool:
        """Whether the previous period is shown at all: before all data its zeros would be taken for figures."""
        return not self.snapshot.is_previous_before_data

    @property
    def comparison(self) -> str:
        """What the previous figures are, and why no change is shown where there is none: in whole sentences."""
        gettext, begins = self.words.gettext, self.snapshot.previous_data_from
        previous = self.described(self.previous_period_in_text, self.snapshot.previous)
        if begins is None and self.is_comparable:
            return gettext("Compared with %(previous)s.", previous=previous)
        if begins is None or begins > self.snapshot.previous.last:
            return gettext("There are no figures for %(previous)s to compare with.", previous=previous)
        day = self.formats.date(begins)
        if self.is_comparable:
            return gettext("Compared with %(previous)s; figures begin on %(day)s.", previous=previous, day=day)
        return gettext(
            "No changes are shown, because figures for %(previous)s begin on %(day)s.", previous=previous, day=day
        )

    def described(self, title: str, period: Period) -> str:
        """A period in one line: `October 2026 (1–31 Oct 2026, 31 days)`."""
        extent = self._extent(period)
        if not extent:
            return title
        if title.endswith((")", "）")):  # `… (to date), 7 days`
            return self.formats.listed(title, extent)
        return self.with_detail(title, extent)

    def with_detail(self, text: str, detail: str) -> str:
        return self.words.gettext("%(text)s (%(detail)s)", text=text, detail=detail)

    def _until(self, title: str) -> str:
        """Yesterday, as far as today has come: `Thursday, 26 November 2026, until 14:05`."""
        until = self.snapshot.previous_until
        if until is None:
            return title
        return self.words.gettext("%(day)s, until %(time)s", day=title, time=self.formats.clock_time(until))

    def _extent(self, period: Period) -> str:
        match period.kind:
            case PeriodKind.DAY:
                return ""
            case PeriodKind.WEEK | PeriodKind.RANGE:  # their titles are dates
                return self._days(period)
            case _ if not period.is_whole and period.last < self.today:  # so is that of a part that is over
                return self._days(period)
            case _:
                return self.formats.listed(self.formats.dates(period.first, period.last), self._days(period))

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
