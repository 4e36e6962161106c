"""The line in which a file says what changed since the version before."""

import dataclasses
import datetime as dt

from signtally.domain.report_changes import MeasureChange, VersionChanges
from signtally.render.contents import Contents
from signtally.render.version_changes import changes_line
from tests.support.report_samples import IDENTITY, snapshot

BEFORE = VersionChanges(2, dt.datetime(2026, 10, 30, 13, 5, tzinfo=dt.UTC), (), changed_days=0, changed_users=0)
FORMATS = Contents(snapshot()).formats
SENT, COMPLETED = MeasureChange("sent", 1045, 1050), MeasureChange("completed", 3, 2)


def line(**changes: object) -> str:
    return changes_line(dataclasses.replace(BEFORE, **changes), FORMATS)  # type: ignore[arg-type]


def test_a_first_version_has_no_line() -> None:
    assert changes_line(None, FORMATS) == ""
    assert "Changes" not in dict(Contents(snapshot()).facts(IDENTITY))


def test_totals_days_and_users_that_changed() -> None:
    assert line(measures=(SENT, COMPLETED), changed_days=1, changed_users=2) == (
        "Changed since version 2 of 30 Oct 2026, 14:05: sent 1,045 → 1,050, completed 3 → 2, on 1 day, of 2 users"
    )


def test_what_is_unknown_is_left_out() -> None:
    known = line(measures=(SENT,), changed_days=None, changed_users=None)
    assert known == "Changed since version 2 of 30 Oct 2026, 14:05: sent 1,045 → 1,050"


def test_users_may_change_while_the_totals_stay() -> None:
    assert line(changed_days=1, changed_users=2).endswith(": on 1 day, of 2 users")


def test_a_version_without_other_figures_says_so() -> None:
    assert line() == "No figure has changed since version 2 of 30 Oct 2026, 14:05."


def test_the_facts_of_a_file_have_the_line() -> None:
    identity = dataclasses.replace(IDENTITY, changes=dataclasses.replace(BEFORE, measures=(SENT,)))
    assert dict(Contents(snapshot()).facts(identity))["Changes"] == line(measures=(SENT,))
