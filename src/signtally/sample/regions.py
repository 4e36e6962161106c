"""The sample tenants' regions: awkward time zones of every kind, one of which changes clocks within the plan."""

import dataclasses
import datetime as dt
import itertools
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from signtally.sample.people import Script
from signtally.sample.plan import Window

_SATURDAY_SUNDAY = frozenset({5, 6})
_FRIDAY_SATURDAY = frozenset({4, 5})


@dataclasses.dataclass(frozen=True, slots=True)
class Region:
    timezone: str
    locale: str
    script: Script = Script.LATIN
    week_starts_on: Literal["monday", "saturday", "sunday"] = "monday"
    weekend: frozenset[int] = _SATURDAY_SUNDAY

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


_REGIONS = (
    Region("Asia/Kathmandu", "en", week_starts_on="sunday"),  # +05:45
    Region("America/St_Johns", "en", week_starts_on="sunday"),  # −03:30, −02:30 in summer
    Region("Pacific/Auckland", "en"),
    Region("Australia/Lord_Howe", "en"),  # its clocks change by half an hour
    Region("Europe/Berlin", "de"),
    Region("Asia/Tokyo", "ja", Script.HAN, week_starts_on="sunday"),
    Region("Europe/Kyiv", "uk", Script.CYRILLIC),
    Region("Asia/Riyadh", "ar", Script.ARABIC, week_starts_on="sunday", weekend=_FRIDAY_SATURDAY),
    Region("America/New_York", "en", week_starts_on="sunday"),
    Region("America/Sao_Paulo", "pt", week_starts_on="sunday"),
    Region("Africa/Cairo", "ar", Script.ARABIC, week_starts_on="saturday", weekend=_FRIDAY_SATURDAY),
    Region("Asia/Shanghai", "zh", Script.HAN),
    Region("Asia/Kolkata", "en"),
    Region("Europe/London", "en"),
    Region("America/Los_Angeles", "en", week_starts_on="sunday"),
    Region("Pacific/Chatham", "en"),  # +12:45, +13:45 in summer
    Region("Pacific/Kiritimati", "en"),  # +14:00: the first to see a day
    Region("Pacific/Pago_Pago", "en"),  # −11:00: the last
    Region("America/Santiago", "es"),
    Region("Africa/Casablanca", "fr"),  # changes clocks around Ramadan
)


def regions_for(window: Window, *, count: int) -> list[Region]:
    """The regions that *count* tenants get in turn; the same for every plan where possible, so that no tenant moves.

    One of them changes clocks within the window if any zone in the world does.
    """
    regions = list(_REGIONS[:count])
    if any(_changes_clocks(region.timezone, window) for region in regions):
        return regions
    names = itertools.chain((region.timezone for region in _REGIONS), sorted(available_timezones()))
    changing = next((name for name in names if _changes_clocks(name, window)), None)
    if changing is not None:
        regions[-1] = next((region for region in _REGIONS if region.timezone == changing), Region(changing, "en"))
    return regions


def _changes_clocks(timezone: str, window: Window) -> bool:
    zone = ZoneInfo(timezone)
    days = (window.until - window.since).days
    offsets = {(window.since + dt.timedelta(days=number)).astimezone(zone).utcoffset() for number in range(days + 1)}
    return len(offsets) > 1
