"""A call on its way to a rendering process arrives as it was, in parts of a bounded size."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.actions import Counts
from signtally.domain.snapshot import InactiveUser, UsageSnapshot, UserUsage
from signtally.render.handing_over import call_of, parts_of
from tests.support.examples import examples
from tests.support.report_samples import IDENTITY, figures, names, snapshots, user, user_ids
from tests.support.whole_reports import whole_report

_SILENT = st.builds(InactiveUser, user_ids, names, names, figures, st.none() | st.dates())


@settings(max_examples=examples(40))
@given(snapshots(), st.lists(_SILENT, max_size=3))
def test_any_snapshot_arrives_as_it_was(report: UsageSnapshot, silent: list[InactiveUser]) -> None:
    sent = dataclasses.replace(report, inactive_users=tuple(silent))
    assert call_of(parts_of("render", ("pdf", sent, IDENTITY))) == ("render", ["pdf", sent, IDENTITY])


def test_tables_arrive_too() -> None:
    sent = whole_report()
    _, (arrived,) = call_of(parts_of("render", (sent,)))
    assert arrived == sent
    assert arrived.documents.equals(sent.documents)
    assert arrived.user_days.equals(sent.user_days)
    assert arrived.fingerprint == sent.fingerprint


def test_no_part_grows_with_the_number_of_users() -> None:
    """A user takes about a hundred bytes, and no part holds more than some thousands of them."""
    people = tuple(_user(number) for number in range(12_000))
    gone = tuple(InactiveUser(each.user_id, each.user_name, None, each.counts, None) for each in people)
    sent = dataclasses.replace(whole_report(), users=people, inactive_users=gone)
    parts = [*parts_of("render", ("csv", sent, IDENTITY))]
    assert len(parts) == 1 + 3 + 3
    assert max(map(len, parts)) < 1_500_000
    assert call_of(iter(parts))[1][1] == sent


def test_a_call_without_a_snapshot_is_one_part() -> None:
    (part,) = parts_of("warm_up", ())
    assert call_of(iter([part])) == ("warm_up", [])


def _user(number: int) -> UserUsage:
    figures = Counts(sent=number, signed=number % 7)
    return dataclasses.replace(user(number, f"Person {number}", f"{number}@acme.example", figures), previous=figures)
