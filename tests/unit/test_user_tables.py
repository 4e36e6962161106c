"""Tables by user against plain Python: who was active, who fell silent, and since when."""

import datetime as dt
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.schemas import DAILY_USAGE
from signtally.domain.user_tables import inactive_users_of, names_of, users_of
from tests.support.examples import examples

_DAYS = [dt.date(2026, 10, day) for day in range(1, 6)]
_FIGURES = st.tuples(*[st.integers(0, 3)] * len(MEASURES)).filter(any)
# One row a user and day, as the store has them; only rows with figures are read.
_ROWS = st.dictionaries(st.tuples(st.sampled_from("abcde"), st.sampled_from(_DAYS)), _FIGURES, max_size=8)
_Rows = dict[tuple[str, dt.date], tuple[int, ...]]


@settings(max_examples=examples(40))
@given(now=_ROWS, then=_ROWS)
def test_everybody_is_active_or_silent_with_their_sums_and_last_day(now: _Rows, then: _Rows) -> None:
    current, before = _frame(now), _frame({(user, day.replace(month=9)): row for (user, day), row in then.items()})
    names = names_of(pl.concat([before, current]))
    active = users_of(current, before=before, names=names)
    silent = inactive_users_of(current, before=before, names=names)
    assert {user.user_id: (user.counts, user.previous, user.last_active_day) for user in active} == {
        user_id: (_sum(now, user_id), _sum(then, user_id), max(day for user, day in now if user == user_id))
        for user_id in {user for user, _ in now}
    }
    assert {user.user_id: (user.previous, user.last_active_day) for user in silent} == {
        user_id: (_sum(then, user_id), max(day for user, day in then if user == user_id).replace(month=9))
        for user_id in {user for user, _ in then} - {user for user, _ in now}
    }
    assert [user.user_id for user in active] == [
        user.user_id for user in sorted(active, key=lambda user: (-user.counts.sent, user.user_id))
    ]
    assert [user.user_id for user in silent] == [
        user.user_id for user in sorted(silent, key=lambda user: (-sum(user.previous.as_tuple()), user.user_id))
    ]


def _sum(rows: _Rows, user_id: str) -> Counts:
    return Counts.total([Counts(), *(Counts(*row) for (user, _), row in rows.items() if user == user_id)])


def _frame(rows: _Rows) -> pl.DataFrame:
    found: list[dict[str, Any]] = [
        {"tenant_id": "acme", "user_id": user, "day": day, "timezone": "UTC", "user_name": None, "user_email": None}
        | dict(zip(MEASURES, row, strict=True))
        for (user, day), row in rows.items()
    ]
    return pl.DataFrame(found, schema=DAILY_USAGE)
