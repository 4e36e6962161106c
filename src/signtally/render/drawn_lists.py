"""Terms with their meanings, in columns: the same in every report of a language, so they are shaped once.

The template writes `<div class="columns">` with an `<ul>` a column and `<li><b>term</b> meaning</li>`.
"""

import dataclasses
import functools
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from signtally.render.drawing import Canvas, Look, PlacedLine, Tagged, at_start
from signtally.render.fitted_text import wrapped
from signtally.render.markup_text import text_of
from signtally.render.shaped_text import ShapedLine, shaped

_POINTS = 7.0
_LEADING = 1.4  # line height over the size of the letters
_COLUMN_SHARE = 0.485  # of the width
_APART = 3.0  # CSS pixels between two items
_BOLD = 600
_MOST_TERM = 0.7  # of a column's width, which leaves room for the meaning beside it
_MOST_LINES = 60
_REMEMBERED = 64  # one a language, look and set of definitions

Items = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class _SetList:
    """The lines of each item, and how high all columns are."""

    columns: tuple[tuple[tuple[PlacedLine, ...], ...], ...]
    height: float


class DrawnList:
    """A picture (see `drawing.Picture`) of columns of terms and meanings."""

    def __init__(self, columns: Element, *, look: Look) -> None:
        items = tuple(tuple(_item(item) for item in column.iter("li")) for column in columns)
        self._set = _set(items, look)
        self.height = self._set.height

    def draw(self, canvas: Canvas) -> list[Tagged]:
        return [
            Tagged(
                "L", [Tagged("LI", [canvas.tagged("LBody", (line.drawn(canvas) for line in item))]) for item in column]
            )
            for column in self._set.columns
        ]

    @property
    def columns(self) -> tuple[tuple[tuple[PlacedLine, ...], ...], ...]:
        """Of each column the items, of each item the lines."""
        return self._set.columns


def _item(item: Element) -> tuple[str, str]:
    """Its term, and what it says of it."""
    term = item.find("b")
    name = "" if term is None else text_of(term)
    whole = text_of(item)
    return name, whole.removeprefix(name).strip()


@functools.lru_cache(_REMEMBERED)
def _set(columns: tuple[Items, ...], look: Look) -> _SetList:
    width = look.width * _COLUMN_SHARE
    apart = (look.width - width) / max(len(columns) - 1, 1)
    starts = [number * apart for number in range(len(columns))]
    lefts = [look.width - start - width if look.is_right_to_left else start for start in starts]
    found = [_set_column(items, _Column(look, left, width)) for items, left in zip(columns, lefts, strict=True)]
    return _SetList(tuple(lines for lines, _ in found), max([1.0, *(bottom for _, bottom in found)]))


@dataclasses.dataclass(frozen=True, slots=True)
class _Column:
    look: Look
    left: float
    width: float

    @property
    def line_height(self) -> float:
        return self.look.face.sized(_POINTS).size * _LEADING

    def x(self, line: ShapedLine, *, offset: float = 0.0) -> float:
        return at_start(self.look, line, left=self.left, width=self.width, offset=offset)


def _set_column(items: Items, column: _Column) -> tuple[tuple[tuple[PlacedLine, ...], ...], float]:
    """The lines of each item, and where the last of them ends."""
    set_items, top = [], 0.0
    for term, meaning in items:
        lines = tuple(_set_item(term, meaning, column=column, top=top))
        set_items.append(lines)
        top += column.line_height * len({line.y for line in lines}) + _APART
    return tuple(set_items), top - _APART


def _set_item(term: str, meaning: str, *, column: _Column, top: float) -> Iterator[PlacedLine]:
    face, ink, height = column.look.face.sized(_POINTS), column.look.ink, column.line_height
    y = top + face.baseline + (height - face.line_height) / 2
    name = shaped(f"{term}\N{NO-BREAK SPACE}", column.look.face.sized(_POINTS, weight=_BOLD))
    yield PlacedLine(name, column.x(name), y, ink)
    is_beside = name.width <= column.width * _MOST_TERM
    lines = wrapped(meaning, face, column.width, most_lines=_MOST_LINES, indent=name.width if is_beside else 0.0)
    for number, line in enumerate(lines, 0 if is_beside else 1):
        x = column.x(line, offset=0.0 if number else name.width)
        yield PlacedLine(line, x, y + number * height, ink)
