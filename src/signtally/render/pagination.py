"""Which block of a report stands on which page, and where; wide blocks stand on pages of their own, in landscape."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from signtally.render.drawing import Picture, Tagged

_TOLERANCE = 0.01  # CSS pixels: sums of heights are not exact


@dataclasses.dataclass(slots=True)
class Block:
    """A picture in the flow of a report; lengths in CSS pixels."""

    picture: Picture
    element: Tagged  # gets what of it is read aloud
    above: float = 0.0  # at least that far from the block before, on the same page
    below: float = 0.0
    keeps_next: bool = False  # a heading is never the last of its page
    is_joined: bool = False  # with the next one, where what they belong to fits on a page
    bookmark: tuple[int, str] | None = None  # level and text
    head: Picture | None = None  # of a table: stands above it where it begins a page
    is_wide: bool = False  # stands on a page in landscape


@dataclasses.dataclass(frozen=True, slots=True)
class Placed:
    """A picture *top* pixels below the margin; *block* is None where it is the head of a table again."""

    picture: Picture
    top: float
    block: Block | None


@dataclasses.dataclass(slots=True)
class PageContent:
    """What stands on a page, and whether that is in landscape."""

    placed: list[Placed]
    is_wide: bool


def paginated(blocks: Sequence[Block], *, height: float, wide_height: float = 0.0) -> list[PageContent]:
    """The pages, of that height between their margins, or of *wide_height* where blocks are wide; at least one."""
    pages = _Pages({False: height, True: wide_height})
    for chunk in _chunks(blocks, joins=True):
        if pages.fit_on_one(chunk):
            pages.add(chunk)
        else:
            for part in _chunks(chunk, joins=False):
                pages.add(part)
    return pages.found


class _Pages:
    def __init__(self, heights: Mapping[bool, float]) -> None:
        self.found: list[PageContent] = [PageContent([], is_wide=False)]
        self._heights = heights  # by whether a page is wide
        self._bottom = self._below = 0.0  # of what stands on the last page

    def fit_on_one(self, chunk: Sequence[Block]) -> bool:
        first = chunk[0].head.height if chunk[0].head else 0.0
        return first + _height_of(chunk) <= self._heights[chunk[0].is_wide] + _TOLERANCE

    def add(self, chunk: Sequence[Block]) -> None:
        """At the bottom of the last page, or on the next ones."""
        gap = max(self._below, chunk[0].above)
        if not self._has_room(chunk[0], gap + _height_of(chunk)):
            self._turn(chunk[0])
        for block in chunk:
            self._place(block)

    def _place(self, block: Block) -> None:
        gap = max(self._below, block.above) if self.found[-1].placed else 0.0
        if not self._has_room(block, gap + block.picture.height):
            self._turn(block)
            gap = 0.0
        self.found[-1].placed.append(Placed(block.picture, self._bottom + gap, block))
        self._bottom += gap + block.picture.height
        self._below = block.below

    def _has_room(self, block: Block, height: float) -> bool:
        is_wide = self.found[-1].is_wide
        return block.is_wide == is_wide and self._bottom + height <= self._heights[is_wide] + _TOLERANCE

    def _turn(self, first: Block) -> None:
        if self.found[-1].placed:
            self.found.append(PageContent([], first.is_wide))
        self.found[-1].is_wide = first.is_wide
        self._bottom = self._below = 0.0
        if first.head is not None:
            self.found[-1].placed.append(Placed(first.head, 0.0, None))
            self._bottom = first.head.height


def _height_of(chunk: Sequence[Block]) -> float:
    between = sum(max(before.below, after.above) for before, after in itertools.pairwise(chunk))
    return between + sum(block.picture.height for block in chunk)


def _chunks(blocks: Iterable[Block], *, joins: bool) -> Iterator[list[Block]]:
    """What pages do not break, headings with what follows them in any case."""
    chunk: list[Block] = []
    for block in blocks:
        chunk.append(block)
        if not (block.keeps_next or (joins and block.is_joined)):
            yield chunk
            chunk = []
    if chunk:
        yield chunk
