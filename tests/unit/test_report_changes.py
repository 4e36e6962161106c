"""What changed between two versions of a report: the changes, applied to the one, give the other."""

import dataclasses
import datetime as dt

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.report_changes import (
    USER_FIGURES,
    MeasureChange,
    changed_user_count,
    day_changes,
    measure_changes,
    user_changes,
)
from signtally.domain.snapshot import UserUsage
from signtally.use_cases.reporting.version_diff import user_figures

figures = st.builds(Counts, **{measure: st.integers(0, 3) | st.integers(0, 10**12) for measure in MEASURES})
DAYS = [dt.date(2026, 10, 1) + dt.timedelta(days=offset) for offset in range(4)]
by_day = st.dictionaries(st.sampled_from(DAYS), figures)
by_user = st.dictionaries(st.sampled_from(["u_1", "u_2", "ü", "=1+1"]), figures)


def applied(counts: Counts, changes: tuple[MeasureChange, ...]) -> Counts:
    for change in changes:
        assert getattr(counts, change.measure) == change.before != change.after
    return dataclasses.replace(counts, **{change.measure: change.after for change in changes})


def table(said: dict[str, Counts], *, name: str) -> pl.DataFrame:
    return user_figures(UserUsage(user_id, name, None, counts) for user_id, counts in said.items())


@given(figures, figures)
def test_the_changes_of_measures_lead_from_one_to_the_other(before: Counts, after: Counts) -> None:
    changes = measure_changes(before, after)
    assert applied(before, changes) == after
    assert [change.measure for change in changes] == [name for name in MEASURES if name in {c.measure for c in changes}]


@given(by_day, by_day)
def test_the_changes_of_days_lead_from_one_to_the_other(
    before: dict[dt.date, Counts], after: dict[dt.date, Counts]
) -> None:
    changes = {change.day: change.measures for change in day_changes(before, after)}
    assert list(changes) == sorted(changes)
    assert all(changes.values())
    for day in DAYS:
        assert applied(before.get(day, Counts()), changes.get(day, ())) == after.get(day, Counts())


@given(by_user, by_user)
def test_the_changes_of_users_lead_from_one_to_the_other(before: dict[str, Counts], after: dict[str, Counts]) -> None:
    tables = table(before, name="Ann before"), table(after, name="Ann")
    found = user_changes(*tables)
    changes = {change.user_id: change.measures for change in found}
    assert list(changes) == sorted(changes)
    assert all(changes.values())
    assert changed_user_count(*tables) == len(found)
    for user_id in before.keys() | after.keys():
        assert applied(before.get(user_id, Counts()), changes.get(user_id, ())) == after.get(user_id, Counts())
    for change in found:
        assert change.user_name == ("Ann" if change.user_id in after else "Ann before")


def test_user_figures_have_their_schema_even_without_users() -> None:
    assert user_figures([]).schema == USER_FIGURES
