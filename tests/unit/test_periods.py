"""Calendar periods: how they are named, and that they tile the calendar."""

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signtally.domain.periods import (
    EARLIEST_DAY,
    FuturePeriodError,
    Period,
    PeriodError,
    PeriodKind,
    parse_period,
    period_between,
    period_of,
)

CALENDAR_KINDS = [kind for kind in PeriodKind if kind is not PeriodKind.RANGE]
LAST_DAY = dt.date(9998, 12, 31)
kinds = st.sampled_from(CALENDAR_KINDS)
week_starts = st.integers(0, 6)
days = st.dates(dt.date(2001, 1, 1), dt.date(2399, 12, 31))


@st.composite
def calendar_periods(draw: st.DrawFn) -> tuple[Period, int]:
    week_starts_on = draw(week_starts)
    return period_of(draw(kinds), draw(days), week_starts_on=week_starts_on), week_starts_on


@st.composite
def ranges(draw: st.DrawFn) -> Period:
    first, last = sorted([draw(days), draw(days)])
    return period_between(first, last)


@given(day=days, kind=kinds, week_starts_on=week_starts)
def test_every_day_lies_in_the_one_period_of_its_kind_that_holds_it(
    day: dt.date, kind: PeriodKind, week_starts_on: int
) -> None:
    period = period_of(kind, day, week_starts_on=week_starts_on)
    assert period.first <= day <= period.last
    assert {period_of(kind, each, week_starts_on=week_starts_on) for each in period.days()} == {period}


@given(given_period=calendar_periods())
def test_periods_of_a_kind_follow_each_other_without_gap_or_overlap(given_period: tuple[Period, int]) -> None:
    period, week_starts_on = given_period
    after = period_of(period.kind, period.last + dt.timedelta(days=1), week_starts_on=week_starts_on)
    assert after.first == period.last + dt.timedelta(days=1)
    assert after.previous == period
    assert period.previous.last == period.first - dt.timedelta(days=1)


@pytest.mark.parametrize("kind", [PeriodKind.DAY, PeriodKind.MONTH, PeriodKind.QUARTER])
@given(year=st.integers(2001, 2399))
def test_days_months_and_quarters_tile_the_year(kind: PeriodKind, year: int) -> None:
    whole = parse_period(str(year))
    parts = sorted({period_of(kind, day) for day in whole.days()}, key=lambda part: part.first)
    assert [day for part in parts for day in part.days()] == list(whole.days())


@given(given_period=calendar_periods())
@example((period_of(PeriodKind.WEEK, dt.date(2026, 1, 1)), 0))  # 2026-W01 begins in December
@example((period_of(PeriodKind.WEEK, dt.date(2021, 1, 3)), 0))  # 2020-W53
def test_a_calendar_period_is_read_back_from_its_name(given_period: tuple[Period, int]) -> None:
    period, week_starts_on = given_period
    assert parse_period(period.name, week_starts_on=week_starts_on) == period


@given(period=ranges())
def test_a_range_is_read_back_from_its_name_and_compared_with_as_many_days(period: Period) -> None:
    assert parse_period(period.name) == period
    assert period.previous.day_count == period.day_count
    assert period.previous.last + dt.timedelta(days=1) == period.first


@given(given_period=calendar_periods(), data=st.data())
def test_clipping_ends_a_period_today_and_keeps_its_name_and_the_whole_period_before(
    given_period: tuple[Period, int], data: st.DataObject
) -> None:
    period, _ = given_period
    today = data.draw(st.sampled_from(list(period.days())))
    clipped = period.clip(today)
    assert list(clipped.days()) == [day for day in period.days() if day <= today]
    assert (clipped.name, clipped.previous) == (period.name, period.previous)


@given(given_period=calendar_periods(), data=st.data())
def test_to_date_is_compared_with_the_same_days_of_the_period_before(
    given_period: tuple[Period, int], data: st.DataObject
) -> None:
    period, _ = given_period
    today = data.draw(st.sampled_from(list(period.days())))
    compared = period.clip(today).compared_with(today=today)
    previous = period.previous
    assert (compared.kind, compared.first) == (period.kind, previous.first)
    assert previous.first <= compared.last <= previous.last
    if period.kind is PeriodKind.WEEK:
        assert compared.last.weekday() == today.weekday()
    elif period.kind is not PeriodKind.DAY:
        is_last_of_month = (compared.last + dt.timedelta(days=1)).day == 1
        assert compared.last.day == today.day or (is_last_of_month and compared.last.day < today.day)
    after = period.last + dt.timedelta(days=1)
    assert period.clip(after).compared_with(today=after) == previous
    assert previous.is_whole
    assert compared.is_whole == (compared == previous)


@pytest.mark.parametrize(
    ("name", "today", "last"),
    [
        ("2026-11", "2026-11-27", "2026-10-27"),
        ("2026-03", "2026-03-30", "2026-02-28"),
        ("2024-03", "2024-03-29", "2024-02-29"),
        ("2026-Q4", "2026-11-27", "2026-08-27"),
        ("2026-Q4", "2026-12-31", "2026-09-30"),
        ("2028", "2028-02-29", "2027-02-28"),
        ("2026-W48", "2026-11-27", "2026-11-20"),
        ("2026-11-20_2026-12-31", "2026-11-27", "2026-11-19"),
    ],
)
def test_the_same_day_before(name: str, today: str, last: str) -> None:
    day = dt.date.fromisoformat(today)
    assert str(parse_period(name).clip(day).compared_with(today=day).last) == last


@given(given_period=calendar_periods())
def test_a_period_that_has_not_begun_is_refused(given_period: tuple[Period, int]) -> None:
    period, _ = given_period
    with pytest.raises(FuturePeriodError, match=str(period.first)):
        period.clip(period.first - dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-10-03", dt.date(2026, 10, 3), dt.date(2026, 10, 3)),
        ("2026-W41", dt.date(2026, 10, 5), dt.date(2026, 10, 11)),
        ("2024-02", dt.date(2024, 2, 1), dt.date(2024, 2, 29)),
        ("2026-Q4", dt.date(2026, 10, 1), dt.date(2026, 12, 31)),
        ("2026", dt.date(2026, 1, 1), dt.date(2026, 12, 31)),
        ("2026-10-03_2026-11-02", dt.date(2026, 10, 3), dt.date(2026, 11, 2)),
    ],
)
def test_names_mean_these_days(text: str, first: dt.date, last: dt.date) -> None:
    period = parse_period(text)
    assert (period.first, period.last) == (first, last)


def test_a_tenants_week_is_the_one_that_holds_the_iso_weeks_thursday() -> None:
    sunday_week = parse_period("2026-W41", week_starts_on=6)
    assert (sunday_week.first, sunday_week.last) == (dt.date(2026, 10, 4), dt.date(2026, 10, 10))
    friday_week = parse_period("2026-W41", week_starts_on=4)
    assert (friday_week.first, friday_week.last) == (dt.date(2026, 10, 2), dt.date(2026, 10, 8))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "october",
        "2026-13",
        "2026-02-30",
        "2026-W00",
        "2026-W54",
        "2025-W53",  # that year has 52
        "2026-Q5",
        "1999",
        "0000",
        "1999-12-30",
        "2026-1",
        " 2026",
        "2026\n",
        "٢٠٢٦",  # Arabic digits
        "2026-10-05_2026-10-04",
        "2026-02-30_2026-03-01",
        "1999-12-30_2026-03-01",
        "2026-10-03_",
    ],
)
def test_what_names_no_period_is_refused_in_words(text: str) -> None:
    with pytest.raises(PeriodError) as refused:
        parse_period(text)
    assert len(str(refused.value)) > len(text)


@pytest.mark.parametrize("text", ["9999", "9999-12", "9999-W52", "9999-Q4", "9999-12-31", "9999-01-01_9999-12-31"])
def test_the_end_of_the_calendar_is_the_future_not_a_crash(text: str) -> None:
    with pytest.raises(FuturePeriodError):
        parse_period(text)


def test_a_range_without_an_end_in_sight_is_clipped_like_any_other() -> None:
    """9999-12-31 is what databases write for one that is still open."""
    open_ended = parse_period("2026-01-01_9999-12-31")
    assert open_ended == period_between(dt.date(2026, 1, 1), dt.date.max)
    assert open_ended.clip(dt.date(2026, 10, 17)) == period_between(dt.date(2026, 1, 1), dt.date(2026, 10, 17))


@given(text=st.text(max_size=30) | st.from_regex(r"[0-9]{4}(-[WQ]?[0-9]{1,2}){0,2}(_[0-9-]{10})?", fullmatch=True))
def test_any_text_is_a_period_or_a_period_error(text: str) -> None:
    try:
        period = parse_period(text)
    except PeriodError:
        return
    assert period.first <= period.last <= LAST_DAY + dt.timedelta(days=7)
    assert period.last >= EARLIEST_DAY
    assert parse_period(period.name) == period
