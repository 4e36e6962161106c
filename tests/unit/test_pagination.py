"""Blocks of a report on pages."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.render.drawing import Canvas, Tagged
from signtally.render.pagination import Block, Placed, paginated
from tests.support.examples import examples

_HEIGHT = 100.0


@dataclasses.dataclass(frozen=True, slots=True)
class _Box:
    height: float

    def draw(self, _: Canvas) -> list[Tagged]:
        return []


def _block(height: float, **others: Any) -> Block:
    return dataclasses.replace(Block(_Box(height), Tagged("P")), **others)


blocks = st.builds(
    _block,
    st.floats(0.1, 130.0),
    above=st.floats(0, 9),
    below=st.floats(0, 9),
    keeps_next=st.booleans(),
    is_joined=st.booleans(),
    head=st.none() | st.builds(_Box, st.floats(1, 9)),
)


def _on_pages(flow: Sequence[Block]) -> list[list[Placed]]:
    return [page.placed for page in paginated(flow, height=_HEIGHT)]


@given(st.lists(blocks, max_size=30))
@settings(max_examples=examples(40))
def test_every_block_stands_once_in_order_and_none_overlap(flow: list[Block]) -> None:
    pages = _on_pages(flow)
    assert [id(each.block) for page in pages for each in page if each.block] == [id(block) for block in flow]
    for page in pages:
        bottom = 0.0
        for each in page:
            assert each.top >= bottom - 0.001
            bottom = each.top + each.picture.height
        too_high = any(
            each.picture.height + (each.block.head.height if each.block.head else 0) > _HEIGHT
            for each in page
            if each.block
        )
        assert bottom <= _HEIGHT + 0.1 or too_high


def test_no_heading_is_the_last_of_its_page() -> None:
    flow = [_block(60), _block(20, keeps_next=True), _block(30)]
    assert [[each.block for each in page] for page in _on_pages(flow)] == [flow[:1], flow[1:]]


def test_a_whole_section_moves_to_the_next_page_and_breaks_only_where_no_page_holds_it() -> None:
    section = [_block(30, is_joined=True), _block(30, is_joined=True), _block(30)]
    assert [len(page) for page in _on_pages([_block(20), *section])] == [1, 3]
    longer = [_block(30, is_joined=True), *section]
    assert [len(page) for page in _on_pages([_block(20), *longer])] == [3, 2]


def test_the_head_of_a_table_stands_above_its_rows_on_each_page() -> None:
    head = _Box(10)
    rows = [_block(40, head=head) for _ in range(4)]
    pages = _on_pages([_block(10, keeps_next=True), *rows])
    assert [[each.picture.height for each in page] for page in pages] == [[10, 40, 40], [10, 40, 40]]
    assert pages[1][0].block is None


def test_space_between_blocks_is_the_larger_of_their_margins_and_none_begins_a_page() -> None:
    (first, second), (third,) = _on_pages([_block(20, above=9, below=5), _block(20, above=8), _block(90, above=9)])
    assert (first.top, second.top, third.top) == (0, 28, 0)


def test_wide_blocks_stand_on_pages_of_their_own() -> None:
    flow = [_block(20), *[_block(30, is_wide=True) for _ in range(3)], _block(20)]
    pages = paginated(flow, height=_HEIGHT, wide_height=70)
    assert [(page.is_wide, len(page.placed)) for page in pages] == [(False, 1), (True, 2), (True, 1), (False, 1)]


def test_nothing_is_one_empty_page() -> None:
    assert _on_pages([]) == [[]]
