"""When scheduled reports are due: every period once, at the tenant's own local time, whatever its clocks do."""

import datetime as dt
import itertools
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.periods import Period
from signtally.domain.resumed_schedules import going_on
from signtally.domain.schedules import (
    MOST_CAUGHT_UP,
    Occurrence,
    delivered_period,
    due_at,
    due_between,
    find_outstanding,
    newest_due,
    next_due,
)
from signtally.domain.tenants import Schedule, TenantProfile
from tests.support.examples import examples

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


@pytest.mark.parametrize(
    ("every", "now", "name"),
    [
        ("day", "2026-11-01T06:59:59", "2026-10-30"),
        ("day", "2026-11-01T07:00:00", "2026-10-31"),
        ("month", "2026-11-01T06:59:59", "2026-09"),
        ("month", "2026-11-01T07:00:00", "2026-10"),
        ("month", "2026-11-30T23:00:00", "2026-10"),
        ("quarter", "2026-10-01T06:59:00", "2026-Q2"),
        ("quarter", "2026-10-01T07:00:00", "2026-Q3"),
        ("week", "2026-11-02T06:59:00", "2026-W43"),
        ("week", "2026-11-02T07:00:00", "2026-W44"),
    ],
)
def test_a_period_is_due_on_the_day_after_it_ended(every: str, now: str, name: str) -> None:
    """Monday the 2nd of November for the week before; the 1st for October, at seven in Kathmandu."""
    there = ZoneInfo("Asia/Kathmandu")
    found = newest_due(tenant("Asia/Kathmandu"), schedule(every), now=instant(now).replace(tzinfo=there))
    assert found is not None
    assert found.name == name
    assert found.due_at.astimezone(there).strftime("%H:%M") == "07:00"


def test_weeks_end_on_the_tenants_own_day() -> None:
    now = instant("2026-11-01T07:00:00+00:00")  # a Sunday
    found = newest_due(tenant(week_starts_on="sunday"), schedule("week"), now=now)
    assert found is not None
    assert (found.period.first, found.period.last) == (dt.date(2026, 10, 25), dt.date(2026, 10, 31))


@pytest.mark.parametrize(
    ("timezone", "at", "day", "expected"),
    [
        ("Europe/Berlin", "02:30", "2026-03-28", "2026-03-29T01:30:00+00:00"),  # skipped: it is 03:30 then
        ("Europe/Berlin", "02:30", "2026-10-24", "2026-10-25T00:30:00+00:00"),  # twice: the first
        ("Australia/Lord_Howe", "01:45", "2026-04-04", "2026-04-04T14:45:00+00:00"),  # twice: the first
        ("America/Havana", "00:30", "2026-03-07", "2026-03-08T05:30:00+00:00"),  # midnight itself is skipped
        ("Asia/Kathmandu", "07:00", "2026-10-31", "2026-11-01T01:15:00+00:00"),
    ],
)
def test_a_time_that_clocks_skip_or_repeat_is_one_instant(timezone: str, at: str, day: str, expected: str) -> None:
    daily = schedule("day", at)
    found = newest_due(tenant(timezone), daily, now=instant(expected))
    assert found is not None
    assert (found.name, found.due_at) == (day, instant(expected))
    before = newest_due(tenant(timezone), daily, now=instant(expected) - dt.timedelta(microseconds=1))
    assert before is not None
    assert before.name < day


def test_a_date_that_a_zone_left_out_has_no_report() -> None:
    """Samoa went from the 29th to the 31st of December 2011."""
    names = []
    for hours in range(24 * 5):
        found = newest_due(
            tenant("Pacific/Apia"),
            schedule("day"),
            now=instant("2011-12-29T00:00:00+00:00") + dt.timedelta(hours=hours),
        )
        names.append(found.name if found else None)
    assert "2011-12-29" in names
    assert "2011-12-31" in names
    assert "2011-12-30" not in names


def test_skip_waits_an_hour_at_most_and_names_what_it_passes_over() -> None:
    due = instant("2026-11-01T07:00:00+00:00")
    for late, expected in ((0, True), (59, True), (60, False), (60 * 24 * 20, False)):
        now = due + dt.timedelta(minutes=late)
        newest = newest_due(tenant(), schedule(missed="skip"), now=now)
        assert newest is not None
        found = find_outstanding(newest, now=now, delivered=[], calendar_before=None)
        assert (found.due, found.missed) == (([newest], []) if expected else ([], [newest]))


def test_what_an_outage_made_late_is_named() -> None:
    newest = newest_due(tenant(), schedule(), now=instant("2026-11-22T12:00:00+00:00"))
    assert newest is not None
    july = delivered_period("2026-07", week_starts_on=0)
    assert july is not None
    found = find_outstanding(newest, now=newest.due_at, delivered=[july], calendar_before=newest.calendar)
    assert [each.name for each in found.due] == ["2026-10"]
    assert [each.name for each in found.missed] == ["2026-08", "2026-09"]


@pytest.mark.parametrize(
    ("missed", "delivered", "expected"),
    [
        ("latest", set(), ["2026-10"]),
        ("latest", {"2026-06"}, ["2026-10"]),
        ("latest", {"2026-10"}, []),
        ("all", set(), ["2026-10"]),
        ("all", {"2026-06"}, ["2026-07", "2026-08", "2026-09", "2026-10"]),
        ("all", {"2026-06", "2026-09"}, ["2026-10"]),
        ("all", {"2026-10"}, []),
        ("all", {"2026-12"}, ["2026-10"]),  # somebody ran it with a later clock
        ("all", {"2026-Q2"}, ["2026-07", "2026-08", "2026-09", "2026-10"]),  # it was quarterly before
        ("all", {"Quatsch"}, ["2026-10"]),
    ],
)
def test_missed_periods_are_caught_up_as_the_schedule_says(
    missed: str, delivered: set[str], expected: list[str]
) -> None:
    newest = newest_due(tenant(), schedule(missed=missed), now=instant("2026-11-22T12:00:00+00:00"))
    assert newest is not None
    assert [occurrence.name for occurrence in outstanding(newest, delivered)] == expected


@pytest.mark.parametrize(
    ("missed", "now", "due", "passed"),
    [
        ("all", "2026-11-05T07:00", ["2026-11-02", "2026-11-03", "2026-11-04"], []),
        ("latest", "2026-11-05T07:00", ["2026-11-04"], ["2026-11-02", "2026-11-03"]),
        ("skip", "2026-11-05T09:00", [], ["2026-11-02", "2026-11-03", "2026-11-04"]),
        ("all", "2026-11-03T07:00", ["2026-11-02"], []),
    ],
)
def test_a_schedule_that_never_delivered_reaches_back_to_what_was_first_due(
    missed: str, now: str, due: list[str], passed: list[str]
) -> None:
    at, terms = instant(f"{now}+00:00"), schedule("day", missed=missed)
    newest = newest_due(tenant(), terms, now=at)
    assert newest is not None
    first = dt.date(2026, 11, 2)
    found = find_outstanding(newest, now=at, delivered=[], calendar_before=None, begins_on=first)
    assert [each.name for each in found.due] == due
    assert [each.name for each in found.missed] == passed


def test_what_was_first_due_is_whole_by_whatever_calendar_its_schedule_has_now() -> None:
    """Found due by the day, and sent by the month before anything was delivered: nothing is left out of October."""
    newest = newest_due(tenant(), schedule(missed="all"), now=instant("2026-12-01T07:00:00+00:00"))
    assert newest is not None
    first = dt.date(2026, 10, 20)
    found = find_outstanding(newest, now=newest.due_at, delivered=[], calendar_before=None, begins_on=first)
    assert [each.name for each in found.due] == ["2026-10", "2026-11"]


def test_a_long_silence_is_caught_up_within_bounds() -> None:
    newest = newest_due(tenant(), schedule("day", missed="all"), now=instant("2026-11-22T12:00:00+00:00"))
    assert newest is not None
    last = delivered_period("2020-01-01", week_starts_on=0)
    assert last is not None
    found = find_outstanding(newest, now=newest.due_at, delivered=[last], calendar_before=newest.calendar)
    assert len(found.due) == MOST_CAUGHT_UP
    assert found.due[-1] == newest
    assert found.too_old is not None
    assert_tiles([last, found.too_old.days.period, *(each.period for each in found.due)])
    assert found.too_old.count == found.too_old.days.period.day_count


profiles = st.builds(
    lambda timezone, first: tenant(timezone, week_starts_on=first), st.sampled_from(ZONES), st.sampled_from(WEEKDAYS)
)
# Around clock changes of both hemispheres, a skipped date, a leap day and the turn of a year.
starts = st.sampled_from(["2011-12-20", "2024-02-20", "2026-03-01", "2026-03-25", "2026-10-20", "2026-12-25"]).map(
    lambda day: instant(f"{day}T00:00:00+00:00")
)
steps = st.lists(st.timedeltas(dt.timedelta(), dt.timedelta(days=3)), min_size=1, max_size=40)


@settings(deadline=None)
@given(profile=profiles, every=st.sampled_from(KINDS), at=st.sampled_from(TIMES), start=starts, pauses=steps)
def test_every_occurrence_is_delivered_once_and_none_is_left_out(
    profile: TenantProfile, every: str, at: str, start: dt.datetime, pauses: list[dt.timedelta]
) -> None:
    """Whatever the instants at which runs look: the periods delivered tile the time from the first to the last."""
    all_of_them = schedule(every, at, missed="all")
    delivered: list[Period] = []
    now = start
    for pause in pauses:
        now += pause
        newest = newest_due(profile, all_of_them, now=now)
        assert newest is not None
        found = find_outstanding(newest, now=newest.due_at, delivered=delivered, calendar_before=newest.calendar)
        for occurrence in found.due:
            assert occurrence.due_at == due_at(occurrence.period, profile, all_of_them) <= now
            delivered.append(occurrence.period)
        assert newest.period in delivered
    assert_tiles(delivered)


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


calendars = st.tuples(st.sampled_from(KINDS), st.sampled_from(WEEKDAYS), st.sampled_from(ZONES), st.sampled_from(TIMES))


@settings(deadline=None, max_examples=examples(60))
@given(
    changes=st.lists(st.tuples(calendars, st.integers(1, 25)), min_size=2, max_size=4),
    start=starts,
    missed=st.sampled_from(["latest", "all"]),
)
def test_a_change_of_week_zone_or_cadence_loses_no_day_and_repeats_none(
    changes: list[tuple[tuple[str, str, str, str], int]], start: dt.datetime, missed: str
) -> None:
    """Runs look every twelve hours while somebody changes everything after some days."""
    delivered: list[Period] = []
    calendar: str | None = None
    now = start
    for (every, first, zone, at), days in changes:
        changed, terms = tenant(zone, week_starts_on=first), schedule(every, at, missed)
        for _ in range(days * 2):
            now += dt.timedelta(hours=12)
            newest = newest_due(changed, terms, now=now)
            assert newest is not None
            found = find_outstanding(newest, now=now, delivered=delivered, calendar_before=calendar)
            delivered += [occurrence.period for occurrence in found.due]
            calendar = newest.calendar
    assert_tiles(delivered)


def test_a_week_that_moves_is_not_taken_for_the_one_of_its_name() -> None:
    """Weeks from Friday, then from Thursday: the six days between are reported on their own."""
    friday, thursday = tenant(week_starts_on="friday"), tenant(week_starts_on="thursday")
    first = newest_due(friday, schedule("week"), now=instant("2026-11-06T07:00:00+00:00"))
    assert first is not None
    assert (first.name, first.key_name) == ("2026-W45", "2026-W45~2026-10-30")
    moved = newest_due(thursday, schedule("week"), now=instant("2026-11-12T07:00:00+00:00"))
    assert moved is not None
    assert [each.name for each in outstanding(moved, {first.key_name})] == ["2026-11-06_2026-11-11"]


@pytest.mark.parametrize(
    ("every", "first_weekday", "zone", "due", "missed"),
    [
        ("day", "monday", "UTC", [], ["2026-11-01", "2026-11-02"]),
        ("day", "friday", "UTC", [], ["2026-11-01", "2026-11-02"]),  # a day is a day whenever weeks start
        ("day", "monday", "Asia/Tokyo", ["2026-11-01", "2026-11-02"], []),  # due at another time: nobody was late
        ("week", "friday", "UTC", ["2026-11-01_2026-11-05"], []),
    ],
)
def test_skip_passes_over_what_an_outage_made_late_and_not_what_a_change_did(
    every: str, first_weekday: str, zone: str, due: list[str], missed: list[str]
) -> None:
    terms = schedule(every, missed="skip")
    delivered = newest_due(tenant(week_starts_on="sunday"), terms, now=instant("2026-11-01T08:00:00+00:00"))
    now = instant("2026-11-06T12:00:00+00:00" if every == "week" else "2026-11-03T12:00:00+00:00")
    newest = newest_due(tenant(zone, week_starts_on=first_weekday), terms, now=now)
    assert delivered is not None
    assert newest is not None
    found = find_outstanding(newest, now=now, delivered=[delivered.period], calendar_before=delivered.calendar)
    assert ([each.name for each in found.due], [each.name for each in found.missed]) == (due, missed)


@pytest.mark.parametrize(
    ("every", "on", "now", "name", "due"),
    [
        ("week", "wednesday", "2026-11-05T07:00", "2026-W44", "2026-11-04T07:00"),
        ("week", "monday", "2026-11-05T07:00", "2026-W44", "2026-11-02T07:00"),
        ("week", "Sunday", "2026-11-05T07:00", "2026-W43", "2026-11-01T07:00"),
        ("month", 15, "2026-11-16T07:00", "2026-10", "2026-11-15T07:00"),
        ("month", 31, "2026-11-30T07:00", "2026-10", "2026-11-30T07:00"),
        ("month", 29, "2026-02-28T07:00", "2026-01", "2026-02-28T07:00"),
        ("month", "last", "2026-11-29T07:00", "2026-09", "2026-10-31T07:00"),
        ("month", "first", "2026-11-29T07:00", "2026-10", "2026-11-01T07:00"),
        ("quarter", "15", "2026-10-20T07:00", "2026-Q3", "2026-10-15T07:00"),
        ("quarter", "last", "2026-12-31T07:00", "2026-Q3", "2026-12-31T07:00"),
        ("year", None, "2026-11-29T07:00", "2025", "2026-01-01T07:00"),
        ("year", 31, "2026-11-29T07:00", "2025", "2026-01-31T07:00"),
    ],
)
def test_a_schedule_is_sent_on_the_day_it_names(every: str, on: object, now: str, name: str, due: str) -> None:
    terms = Schedule.model_validate({"name": "Usage", "every": every, "on": on})
    found = newest_due(tenant(), terms, now=instant(f"{now}+00:00"))
    assert found is not None
    assert (found.name, found.due_at) == (name, instant(f"{due}+00:00"))


@pytest.mark.parametrize(
    ("every", "on", "advice"),
    [
        ("day", 3, "leave `on` out"),
        ("week", 3, "no weekday"),
        ("week", "last", "no weekday"),
        ("month", "monday", "a day of the month"),
        ("month", 32, "a day of the month"),
        ("month", 0, "a day of the month"),
        ("year", "never", "first, last or a day"),
    ],
)
def test_a_day_that_a_schedule_cannot_have_is_refused(every: str, on: object, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        Schedule.model_validate({"name": "Usage", "every": every, "on": on})


def test_a_paused_schedule_has_nothing_due_and_a_new_one_starts_with_its_next_period() -> None:
    now = instant("2026-11-20T12:00:00+00:00")
    assert newest_due(tenant(), schedule().model_copy(update={"paused": True}), now=now) is None
    new = schedule(missed="all").model_copy(update={"starts_at": now})
    assert newest_due(tenant(), new, now=now) is None
    assert next_due(tenant(), new, after=now).due_at == instant("2026-12-01T07:00:00+00:00")
    first = newest_due(tenant(), new, now=instant("2026-12-01T07:00:00+00:00"))
    assert first is not None
    # Of a schedule of the same name, deleted ten months ago.
    assert [each.name for each in outstanding(first, {"2026-01"})] == ["2026-11"]


@pytest.mark.parametrize(
    ("was_paused", "changes", "starts_at"),
    [
        (True, {}, "2026-11-20T12:00:00+00:00"),
        (True, {"paused": True}, "2026-03-01T00:00:00+00:00"),
        (True, {"starts_at": "2026-01-01T00:00:00Z"}, "2026-01-01T00:00:00+00:00"),
        (False, {}, "2026-03-01T00:00:00+00:00"),
    ],
)
def test_a_profile_stored_again_goes_on_and_leaves_out_what_fell_due_while_paused(
    *, was_paused: bool, changes: dict[str, object], starts_at: str
) -> None:
    stored = {"name": "Usage", "every": "month", "paused": was_paused, "starts_at": "2026-03-01T00:00:00Z"}
    before = TenantProfile.model_validate({"tenant_id": "acme", "schedules": [stored]})
    again = {"name": "Usage", "every": "month", **changes}
    profile = TenantProfile.model_validate({"tenant_id": "acme", "schedules": [again, {"name": "New", "every": "day"}]})
    usage, new = going_on(profile, before=before, now=instant("2026-11-20T12:00:00+00:00")).schedules
    assert usage.starts_at == instant(starts_at)
    assert new.starts_at is None
    now = instant("2026-11-20T12:00:00+00:00")
    _, remade = going_on(profile, before=before, now=now, delivered=["New"]).schedules
    assert remade.starts_at == now  # of this name there was one, deleted since: what it missed is not caught up


def test_the_next_instant_of_a_schedule_that_starts_later() -> None:
    terms = schedule("week").model_copy(update={"starts_at": instant("2027-03-03T00:00:00+00:00")})
    assert next_due(tenant(), terms, after=instant("2026-11-20T12:00:00+00:00")).due_at == instant(
        "2027-03-08T07:00:00+00:00"
    )


@settings(deadline=None, max_examples=examples(40))
@given(profile=profiles, every=st.sampled_from(KINDS), at=st.sampled_from(TIMES), start=starts)
def test_what_will_be_due_is_what_falls_due(profile: TenantProfile, every: str, at: str, start: dt.datetime) -> None:
    """`next_due` looks ahead, `newest_due` back: they name the same occurrences."""
    until = start + dt.timedelta(days=20)
    ahead = list(due_between(profile, schedule(every, at), since=start, until=until))
    for occurrence in ahead:
        assert newest_due(profile, schedule(every, at), now=occurrence.due_at) == occurrence
    newest = newest_due(profile, schedule(every, at), now=until)
    assert newest is not None
    assert (newest in ahead) == (newest.due_at > start)


@settings(deadline=None)
@given(profile=profiles, every=st.sampled_from(KINDS), at=st.sampled_from(TIMES), start=starts, pauses=steps)
def test_the_newest_due_never_goes_back_and_is_over(
    profile: TenantProfile, every: str, at: str, start: dt.datetime, pauses: list[dt.timedelta]
) -> None:
    now, last = start, dt.date.min
    for pause in pauses:
        now += pause
        newest = newest_due(profile, schedule(every, at), now=now)
        assert newest is not None
        assert newest.period.last >= last
        assert newest.due_at <= now
        last = newest.period.last
        following = newest.period.last + dt.timedelta(days=1)
        assert dt.datetime.combine(following, dt.time.min, tzinfo=profile.zone) <= now
