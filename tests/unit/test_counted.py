"""One thing is told as one, in whatever a program says."""

import pytest

from signtally.domain.conditions import NothingSent, judge_silence
from signtally.domain.counted import counted
from signtally.domain.import_outcome import ImportOutcome, ImportProgress
from signtally.domain.operator_events import bounces_high, dead_letters_grown, mismatch
from signtally.domain.periods import parse_period
from signtally.use_cases.copying.outcome import CopyProgress, MonthCopy


def test_how_many_of_something() -> None:
    assert [counted(number, "row") for number in (0, 1, 2, 1000)] == ["0 rows", "1 row", "2 rows", "1000 rows"]
    assert counted(1, "mismatch", "mismatches") == "1 mismatch"
    assert counted(2, "mismatch", "mismatches") == "2 mismatches"
    assert [counted(number, "event", grouped=True) for number in (1, 1000)] == ["1 event", "1,000 events"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            str(ImportProgress(ImportOutcome(1, 1, 0), 1, 1.0, None)),
            "1 row, 1 a second: 1 stored, 0 duplicates, 0 rejec",
        ),
        (
            str(CopyProgress(parse_period("2026-10"), MonthCopy(events=1, written=1, rows=1))),
            "2026-10: 1 event, 1 written; 1 row ",
        ),
        (bounces_high(1, 1).said, "of 1 email since yesterday 1 bounced"),
        (
            dead_letters_grown({"not-json": 1}, queue="q").said,
            "1 message could not be counted and is a dead letter: 1 ",
        ),
        (
            dead_letters_grown({"not-json": 2}, queue="q").said,
            "2 messages could not be counted and are dead letters: 2",
        ),
        (mismatch("acme", 1).said, "figures of acme contradict its events in 1 place: "),
        (judge_silence(NothingSent(when="nothing_sent", days=1), sent=1).detail, "documents sent in 1 day: 1"),
    ],
)
def test_one_is_no_plural(said: str, expected: str) -> None:
    assert said.startswith(expected)
