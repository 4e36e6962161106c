"""Imports over fakes: each row once, whatever fails and however often it is begun again."""

import dataclasses
from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.events import ReceivedEvent
from signtally.ports.history import UnreadableRow
from signtally.stores.touched_hours import TouchedHour
from tests.support.import_world import START, Row, World, dying, row

good_rows = st.builds(row, st.sampled_from("abcdefgh"), st.integers(0, 2), st.sampled_from("uv"))
refused_rows = st.builds(row, st.sampled_from("abr"), time=st.just("2004-01-01T00:00:00Z"))
bad_rows = st.builds(row, st.sampled_from("ax"), type=st.sampled_from(["document.read", None, 7]))
unreadable_rows = st.builds(UnreadableRow, st.integers(1, 9), st.text(max_size=3), st.just("not-csv"), st.just("bad"))
histories = st.lists(good_rows | good_rows | good_rows | refused_rows | bad_rows | unreadable_rows, max_size=24)
deadly_plans = st.lists(st.sampled_from(["ok"] * 8 + ["before", "after", "crash-before", "crash-after"]), max_size=40)


def without_arrival(found: ReceivedEvent) -> ReceivedEvent:
    return dataclasses.replace(found, received_at=START)


@given(histories, st.lists(deadly_plans, max_size=5))
def test_an_import_that_is_killed_again_and_again_ends_like_one_that_never_was(
    rows: list[Row | UnreadableRow], plans: list[list[str]]
) -> None:
    calm, troubled = World(), World()
    whole = calm.run(rows)
    for plan in plans:
        with dying():
            troubled.run(rows, plan=plan)
    resumed = troubled.run(rows)
    assert resumed.outcome == whole.outcome
    assert list(map(without_arrival, troubled.stored())) == list(map(without_arrival, calm.stored()))
    assert len({found.received_at for found in troubled.stored()}) <= 1
    assert troubled.rejects(resumed) == calm.rejects(whole)
    assert troubled.noted() >= calm.noted()


@given(histories)
def test_every_row_is_stored_a_duplicate_or_rejected(rows: list[Row | UnreadableRow]) -> None:
    world = World()
    imported = world.run(rows)
    outcome = imported.outcome
    assert outcome.rows == len(rows) == outcome.stored + outcome.duplicates + sum(outcome.rejected.values())
    assert outcome.stored == len(world.stored())
    rejects = world.rejects(imported)
    assert Counter(reject["reason"] for reject in rejects) == outcome.rejected
    is_good = [is_countable(each) for each in rows]
    assert {found.event.id for found in world.stored()} == {
        each["id"] for each, good in zip(rows, is_good, strict=True) if good and isinstance(each, dict)
    }
    assert len(rejects) == is_good.count(False) - sum_of_copies(rows)
    hours = {TouchedHour.of(found.event.tenant_id, found.event.occurred_at) for found in world.stored()}
    assert hours == world.noted()


def is_countable(each: Row | UnreadableRow) -> bool:
    return isinstance(each, dict) and each["type"] == "document.sent" and str(each["time"]) > "2005"


def sum_of_copies(rows: Sequence[Row | UnreadableRow]) -> int:
    """Rows that the store would refuse, behind a row of the same id that it took, within a chunk of four."""
    copies = 0
    for begin in range(0, len(rows), 4):
        taken: set[object] = set()
        for each in rows[begin : begin + 4]:
            if isinstance(each, dict) and each["type"] == "document.sent":
                copies += each["id"] in taken and not is_countable(each)
                taken |= {each["id"]} if is_countable(each) else set()
    return copies
