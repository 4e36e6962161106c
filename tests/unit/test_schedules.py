"""When scheduled reports are due, at the tenant's own local time, whatever its clocks do."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from signtally.domain.resumed_schedules import going_on
from signtally.domain.schedule_terms import Schedule
from signtally.domain.schedules import (
    due_between,
    newest_due,
    next_due,
)
from signtally.domain.tenants import TenantProfile
from tests.support.examples import examples
from tests.support.schedule_calendars import (
    KINDS,
    TIMES,
    instant,
    outstanding,
    profiles,
    schedule,
    starts,
    steps,
    tenant,
)


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


@pytest.mark.parametrize(
    "starts_at", ["9999-12-31T23:59:59-14:00", "9991-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_a_start_beyond_the_calendar_is_refused(starts_at: str) -> None:
    """Its next period could not be named, nor any list be made that it is in."""
    with pytest.raises(ValidationError, match="too far off"):
        Schedule.model_validate({"name": "usage", "every": "day", "starts_at": starts_at})


@pytest.mark.parametrize("starts_at", ["9990-12-31T23:59:59-14:00", "0002-01-01T00:00:00+14:00"])
def test_whatever_start_is_taken_has_a_next_period(starts_at: str) -> None:
    for every in ("day", "year"):
        schedule = Schedule.model_validate({"name": "usage", "every": every, "starts_at": starts_at})
        for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
            tenant = TenantProfile(tenant_id="acme", timezone=zone, schedules=(schedule,))
            now = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
            assert next_due(tenant, schedule, after=now).due_at > now
            newest_due(tenant, schedule, now=now)


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


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([("Ann@x.example", None), ("ann@X.example", None)], [("ann@x.example", None)]),
        ([("ann@x.example", "u_1"), ("Ann@x.example", None)], [("Ann@x.example", "u_1")]),
        (
            [("ann@x.example", "u_1"), ("bob@x.example", None), ("ann@x.example", "u_2")],
            [("ann@x.example", "u_2"), ("bob@x.example", None)],
        ),
        ([("ann@faß.example", None), ("ann@xn--fa-hia.example", None)], [("ann@faß.example", None)]),
    ],
)
def test_one_address_is_one_recipient_however_it_is_written(
    given: list[tuple[str, str | None]], kept: list[tuple[str, str | None]]
) -> None:
    """As for suppressions and deliveries. Whose it is stays known, so that the emails end when that user leaves."""
    recipients = [{"email": email, "user_id": user_id} for email, user_id in given]
    schedule = Schedule.model_validate({"name": "weekly", "every": "week", "recipients": recipients})
    assert [(each.email, each.user_id) for each in schedule.recipients] == kept
