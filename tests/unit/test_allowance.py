"""What of an allowance is used, and when it will be."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.allowance import AllowanceUse, Outlook, allowance_use


def october(day: int) -> dt.date:
    return dt.date(2026, 10, day)


def use(*sent: int, allowed: int, today: int, as_of: int | None = None) -> AllowanceUse:
    """So many documents *sent* on October's days from the first."""
    by_day = {october(day): count for day, count in enumerate(sent, 1)}
    return allowance_use(by_day, allowed=allowed, as_of=october(as_of or today), today=october(today))


@pytest.mark.parametrize(
    ("sent", "allowed", "today", "outlook", "on"),
    [
        ((10, 10, 10, 0), 100, 4, Outlook.RUNS_OUT, 10),  # 30 and today's 10 leave 60: six days more
        ((10, 10, 10, 10), 100, 4, Outlook.RUNS_OUT, 10),
        ((10, 10, 10, 40), 100, 4, Outlook.RUNS_OUT, 7),  # today has brought 40 already
        ((10, 10, 10, 0), 40, 4, Outlook.RUNS_OUT, 4),
        ((10, 10, 10, 0), 310, 4, Outlook.RUNS_OUT, 31),
        ((10, 10, 10, 0), 311, 4, Outlook.LASTS, None),
        ((1, 0, 0, 0), 10, 4, Outlook.RUNS_OUT, 30),  # a third of a document a day
        ((0, 0, 0, 0), 10, 4, Outlook.LASTS, None),
        ((0, 0, 0, 5), 10, 4, Outlook.LASTS, None),  # no day that is over brought any
        ((1, 0, 0, 0), 3_000_000, 4, Outlook.LASTS, None),  # until after the year 9999
        ((1, 0, 0, 0), 1_000_000_000, 4, Outlook.LASTS, None),
        ((5,), 10, 1, Outlook.TOO_EARLY, None),
        ((10,), 10, 1, Outlook.USED_UP, 1),
        ((4, 6, 9), 10, 4, Outlook.USED_UP, 2),
        ((), 0, 3, Outlook.USED_UP, 1),
    ],
)
def test_the_outlook(sent: tuple[int, ...], allowed: int, today: int, outlook: Outlook, on: int | None) -> None:
    found = use(*sent, allowed=allowed, today=today)
    assert (found.outlook, found.on) == (outlook, on and october(on))
    assert found.used == sum(sent)


def test_a_period_that_is_over_speaks_of_its_last_day() -> None:
    found = use(10, 10, 10, 10, 1000, allowed=100, today=20, as_of=4)
    assert (found.used, found.outlook, found.on) == (40, Outlook.RUNS_OUT, october(10))
    assert (found.month.name, found.as_of) == ("2026-10", october(4))


def test_a_month_that_is_over_lasted_or_did_not() -> None:
    november = dt.date(2026, 11, 5)
    by_day = {october(day): 1 for day in range(1, 32)}
    lasted = allowance_use(by_day, allowed=32, as_of=october(31), today=november)
    assert (lasted.outlook, lasted.on, lasted.used) == (Outlook.LASTS, None, 31)
    spent = allowance_use(by_day, allowed=31, as_of=october(31), today=november)
    assert (spent.outlook, spent.on, spent.share) == (Outlook.USED_UP, october(31), 1.0)


def test_other_months_do_not_count() -> None:
    sent = {dt.date(2026, 9, 30): 500, october(1): 1, dt.date(2026, 11, 1): 500}
    assert allowance_use(sent, allowed=10, as_of=october(2), today=october(3)).used == 1


def test_nothing_allowed_has_no_share() -> None:
    assert use(3, allowed=0, today=2).share is None


@given(st.lists(st.integers(0, 20), min_size=2, max_size=31), st.integers(1, 500) | st.integers(1, 10**9))
def test_on_the_day_it_names_the_pace_has_used_it_up_and_not_before(sent: list[int], allowed: int) -> None:
    found = use(*sent, allowed=allowed, today=len(sent))
    pace = sum(sent[:-1]) / (len(sent) - 1)
    tonight = sum(sent[:-1]) + max(pace, sent[-1])
    expected = [*itertools.accumulate(sent[:-1]), *(tonight + pace * more for more in range(32 - len(sent)))]
    match found.outlook:
        case Outlook.USED_UP:
            assert found.on is not None
            assert sum(sent[: found.on.day]) >= allowed > sum(sent[: found.on.day - 1])
        case Outlook.RUNS_OUT:
            assert found.on is not None
            assert expected[found.on.day - 1] >= allowed - 1e-9
            assert found.on.day == len(sent) or expected[found.on.day - 2] < allowed + 1e-9
            assert sum(sent) < allowed
        case _:
            assert expected[-1] < allowed
