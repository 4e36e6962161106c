"""Days, hours and instants in the words of a language, on a tenant's wall clock."""

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_interval, format_skeleton, format_time

from signtally.domain.wording import translatable
from signtally.render.translation import Translation

MINUS = "\N{MINUS SIGN}"
_QUARTERS = (
    translatable("Q1 %(year)s"),
    translatable("Q2 %(year)s"),
    translatable("Q3 %(year)s"),
    translatable("Q4 %(year)s"),
)
_MONTHS_A_QUARTER = 3
_QUARTER_NAMES = {"ja": "QQQQ"}  # 第4四半期, where the short form is Q4


@dataclasses.dataclass(frozen=True, slots=True)
class DateFormats:
    """Dates are words: written in the language of all the other words, in the locale's kind of it.

    With `en-US`: month first, 12 hours. Without a catalogue of the language, in English.
    """

    words: Translation
    zone: ZoneInfo

    def date(self, day: dt.date) -> str:
        return str(format_skeleton("yMMMd", day, locale=self.words.locale))

    def weekday_date(self, day: dt.date) -> str:
        return str(format_skeleton("yMMMEd", day, locale=self.words.locale))

    def short_date(self, day: dt.date) -> str:
        """Without the year, for axes."""
        return str(format_skeleton("MMMd", day, locale=self.words.locale))

    def month_name(self, day: dt.date) -> str:
        """Without the year, for axes: `Oct`."""
        return str(format_skeleton("MMM", day, locale=self.words.locale))

    def quarter_name(self, day: dt.date) -> str:
        """Without the year, for axes: `Q4`."""
        return format_date(day, _QUARTER_NAMES.get(self.words.locale.language, "QQQ"), locale=self.words.locale)

    def quarter(self, day: dt.date) -> str:
        return self.words.gettext(_QUARTERS[(day.month - 1) // _MONTHS_A_QUARTER], year=f"{day.year:04}")

    def month(self, day: dt.date) -> str:
        return str(format_skeleton("yMMM", day, locale=self.words.locale))

    def month_in_full(self, day: dt.date) -> str:
        """`October 2026`, for titles and sentences."""
        return str(format_skeleton("yMMMM", day, locale=self.words.locale))

    def year(self, day: dt.date) -> str:
        return str(format_skeleton("y", day, locale=self.words.locale))

    def dates(self, first: dt.date, last: dt.date) -> str:
        """`1–31 Oct 2026`, both included."""
        return (
            self.date(first) if first == last else str(format_interval(first, last, "yMMMd", locale=self.words.locale))
        )

    def instant(self, instant: dt.datetime) -> str:
        """The tenant's wall clock with its offset: `1 Nov 2026, 00:05 UTC+01:00`."""
        local = instant.astimezone(self.zone)
        clock = self._clock(local)
        return self._date_and_clock(local.date(), f"{clock} {utc_offset(local)}")

    def clock(self, instant: dt.datetime) -> str:
        """The tenant's wall clock without its offset, for what lies within a period."""
        local = instant.astimezone(self.zone)
        return self._date_and_clock(local.date(), self._clock(local))

    def instant_or_nothing(self, data_through: dt.datetime | None) -> str:
        if data_through is None:
            return self.words.gettext("no data received yet")
        return self.instant(data_through)

    def clock_time(self, instant: dt.datetime) -> str:
        """The tenant's wall clock without the date: `14:05`."""
        return self._clock(instant.astimezone(self.zone))

    def hour(self, hour: int) -> str:
        """The hour that begins then: `10:00–11:00`, `12–1 PM`."""
        begins, ends = dt.time(hour), dt.time((hour + 1) % 24)
        if self._has_half_days:
            return str(format_interval(begins, ends, "h", locale=self.words.locale))
        clocks = {"begins": self._clock(begins), "ends": self._clock(ends)}
        return self.words.pgettext("an hour of the day", "%(begins)s–%(ends)s", **clocks)

    def hour_begins(self, hour: int) -> str:
        """When it begins, for axes: `10:00`, `12 PM`."""
        begins = dt.time(hour)
        return (
            str(format_skeleton("h", begins, locale=self.words.locale)) if self._has_half_days else self._clock(begins)
        )

    def weekday(self, weekday: int) -> str:
        """The name of a weekday; Monday is 0."""
        return str(self.words.locale.days["format"]["wide"][weekday])

    @property
    def _has_half_days(self) -> bool:
        """Whether clocks show twelve hours twice a day."""
        return "h" in self.words.locale.time_formats["short"].pattern

    def _date_and_clock(self, day: dt.date, clock: str) -> str:
        return self.words.gettext("%(date)s, %(time)s", date=self.date(day), time=clock)

    def _clock(self, time: dt.datetime | dt.time) -> str:
        return format_time(time, "short", locale=self.words.locale)


def utc_offset(local: dt.datetime) -> str:
    """`UTC`, `UTC+05:45`, `UTC−03:30` of an aware instant on its own wall clock."""
    offset = local.utcoffset() or dt.timedelta()
    if not offset:
        return "UTC"
    minutes = abs(offset) // dt.timedelta(minutes=1)
    return f"UTC{'+' if offset > dt.timedelta() else MINUS}{minutes // 60:02}:{minutes % 60:02}"
