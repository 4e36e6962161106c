"""Schedules, tenants and instants by their terms, and the calendars that laws about schedules try."""

import datetime as dt
import itertools
from collections.abc import Iterable

from hypothesis import strategies as st

from signtally.domain.outstanding import find_outstanding
from signtally.domain.periods import Period
from signtally.domain.schedule_terms import Schedule
from signtally.domain.schedules import (
    Occurrence,
    delivered_period,
)
from signtally.domain.tenants import TenantProfile

ZONES = (
    "UTC",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Auckland",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "America/Havana",  # clocks skip midnight
    "Asia/Beirut",  # clocks go back over midnight
    "Pacific/Kiritimati",
)
KINDS = ("day", "week", "month", "quarter", "year")
WEEKDAYS = ("monday", "saturday", "sunday")
TIMES = ("00:00", "00:30", "02:30", "07:00", "23:59")


def schedule(every: str = "month", at: str = "07:00", missed: str = "latest") -> Schedule:
    return Schedule.model_validate({"name": "Usage", "every": every, "at": at, "missed": missed})


def tenant(timezone: str = "UTC", *, week_starts_on: str = "monday") -> TenantProfile:
    return TenantProfile.model_validate({"tenant_id": "acme", "timezone": timezone, "week_starts_on": week_starts_on})


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def outstanding(newest: Occurrence, names: Iterable[str]) -> list[Occurrence]:
    """What is outstanding where the ledger has these names, all from the present calendar."""
    periods = [delivered_period(name, week_starts_on=newest.tenant.first_weekday) for name in names]
    delivered = [period for period in periods if period is not None]
    return find_outstanding(newest, now=newest.due_at, delivered=delivered, calendar_before=newest.calendar).due


def assert_tiles(periods: list[Period]) -> None:
    """Each period begins on the day after the one before it ended, but for the date that Samoa left out."""
    left_out = dt.date(2011, 12, 30)
    for before, after in itertools.pairwise(periods):
        gap = {
            before.last + dt.timedelta(days=1) + dt.timedelta(days=n)
            for n in range((after.first - before.last).days - 1)
        }
        assert before.last < after.first
        assert gap <= {left_out}


def days_of(periods: list[Period]) -> list[dt.date]:
    return [day for period in periods for day in period.days()]


profiles = st.builds(
    lambda timezone, first: tenant(timezone, week_starts_on=first), st.sampled_from(ZONES), st.sampled_from(WEEKDAYS)
)
# Around clock changes of both hemispheres, a skipped date, a leap day and the turn of a year.
starts = st.sampled_from(["2011-12-20", "2024-02-20", "2026-03-01", "2026-03-25", "2026-10-20", "2026-12-25"]).map(
    lambda day: instant(f"{day}T00:00:00+00:00")
)
steps = st.lists(st.timedeltas(dt.timedelta(), dt.timedelta(days=3)), min_size=1, max_size=40)
