"""Turnaround and open documents, against plain Python."""

import datetime as dt
import fractions
import statistics
from collections.abc import Mapping

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.document_lifecycles import DOCUMENTS, outcome
from signtally.domain.insights import figures_of_cohort, figures_until, turnaround

START, END = dt.datetime(2026, 10, 1, tzinfo=dt.UTC), dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
HOUR, MICROSECOND = dt.timedelta(hours=1), dt.timedelta(microseconds=1)
ENDINGS = ("completed_at", "declined_at", "cancelled_at", "expired_at")


def lives(*documents: Mapping[str, object]) -> pl.DataFrame:
    plain: dict[str, object] = dict.fromkeys(DOCUMENTS) | {"received": 0, "viewed": 0, "signed": 0}
    rows = [plain | {"document_id": f"d{number}"} | dict(document) for number, document in enumerate(documents)]
    return pl.DataFrame(rows, schema=DOCUMENTS)


def took(*durations: dt.timedelta) -> pl.DataFrame:
    return lives(*({"first_sent_at": START, "completed_at": START + duration} for duration in durations))


def of_sorted(ordered: list[int], share: fractions.Fraction) -> fractions.Fraction:
    """Excel's PERCENTILE.INC."""
    index = share * (len(ordered) - 1)
    below = int(index)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (index - below)


@given(hours=st.lists(st.integers(0, 10**12), min_size=1, max_size=40))
def test_turnaround_is_what_plain_arithmetic_says_to_the_microsecond(hours: list[int]) -> None:
    found = turnaround(took(*(microseconds * MICROSECOND for microseconds in hours)))
    assert found is not None
    assert found.documents == len(hours)
    assert found.mean == sum(hours) // len(hours) * MICROSECOND
    assert found.median == int(statistics.median(map(fractions.Fraction, hours))) * MICROSECOND
    assert found.p90 == int(of_sorted(sorted(hours), fractions.Fraction(9, 10))) * MICROSECOND
    assert min(hours) * MICROSECOND <= found.median <= found.p90 <= max(hours) * MICROSECOND


def test_a_few_turnarounds_by_hand() -> None:
    found = turnaround(took(HOUR, 2 * HOUR, 3 * HOUR, 14 * HOUR))
    assert found is not None
    assert (found.mean, found.median, found.p90) == (5 * HOUR, 2.5 * HOUR, 10.7 * HOUR)
    one = turnaround(took(HOUR))
    assert one is not None
    assert (one.documents, one.mean, one.median, one.p90) == (1, HOUR, HOUR, HOUR)


def test_what_has_no_turnaround_is_completed_all_the_same() -> None:
    never_seen_sent = {"completed_at": START + HOUR}
    completed_before_sent = {"first_sent_at": START + 2 * HOUR, "completed_at": START + HOUR}
    at_once = {"first_sent_at": START, "completed_at": START}
    figures = figures_until(lives(never_seen_sent, completed_before_sent), since=START, until=END)
    assert (figures.completed, figures.turnaround) == (2, None)
    figures = figures_until(lives(never_seen_sent, completed_before_sent, at_once), since=START, until=END)
    assert figures.turnaround is not None
    assert (figures.completed, figures.turnaround.documents, figures.turnaround.mean) == (3, 1, dt.timedelta())


def test_a_period_has_the_turnaround_of_what_was_completed_in_it_whenever_sent() -> None:
    long_ago = {"first_sent_at": START - 100 * HOUR, "completed_at": START}
    too_late = {"first_sent_at": START, "completed_at": END}
    too_early = {"first_sent_at": START - 100 * HOUR, "completed_at": START - MICROSECOND}
    figures = figures_until(lives(long_ago, too_late, too_early), since=START, until=END)
    assert figures.turnaround is not None
    assert (figures.completed, figures.turnaround.mean) == (1, 100 * HOUR)


def test_open_is_sent_and_in_no_final_state() -> None:
    sent = {"first_sent_at": START}
    closed = [sent | {ending: START + HOUR} for ending in ENDINGS]
    sent_later = {"first_sent_at": END}
    received_only = {"declined_at": START + HOUR}
    figures = figures_until(lives(sent, *closed, sent_later, received_only), since=START, until=END)
    assert figures.open == 1


def outcomes(frame: pl.DataFrame) -> list[str | None]:
    return frame.select(outcome().alias("outcome"))["outcome"].to_list()


def test_completed_is_the_outcome_whenever_it_happened_else_what_happened_first() -> None:
    declined_then_completed = {"declined_at": START, "completed_at": START + HOUR}
    cancelled_then_declined = {"cancelled_at": START, "declined_at": START + HOUR}
    at_once = {"expired_at": START, "cancelled_at": START}
    documents = lives(declined_then_completed, cancelled_then_declined, at_once, {"first_sent_at": START})
    assert outcomes(documents) == ["completed", "cancelled", "cancelled", None]


_instants = st.none() | st.integers(-1000, 2000).map(lambda hours: START + hours * HOUR)
_documents = st.lists(
    st.fixed_dictionaries({"first_sent_at": _instants, **dict.fromkeys(ENDINGS, _instants)}), max_size=20
)


@given(documents=_documents)
def test_every_document_of_a_cohort_is_open_or_has_one_outcome(documents: list[dict[str, object]]) -> None:
    cohort = lives(*documents)
    figures = figures_of_cohort(cohort)
    ended = outcomes(cohort)
    assert figures.completed == ended.count("completed")
    assert figures.open == ended.count(None) == sum(all(each[key] is None for key in ENDINGS) for each in documents)


@given(documents=_documents)
def test_a_period_counts_as_plain_python_does(documents: list[dict[str, dt.datetime | None]]) -> None:
    figures = figures_until(lives(*documents), since=START, until=END)
    completed = [each for each in documents if each["completed_at"] and START <= each["completed_at"] < END]
    spans = [
        each["completed_at"] - each["first_sent_at"]
        for each in completed
        if each["completed_at"] and each["first_sent_at"] and each["completed_at"] >= each["first_sent_at"]
    ]
    assert figures.completed == len(completed)
    assert (figures.turnaround.documents if figures.turnaround else 0) == len(spans)
    assert figures.open == sum(
        each["first_sent_at"] is not None and each["first_sent_at"] < END and all(each[key] is None for key in ENDINGS)
        for each in documents
    )
