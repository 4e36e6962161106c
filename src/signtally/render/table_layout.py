"""Rows of a table, read from HTML and measured: how wide each column is, and which lines each cell has.

Where figures ask for more room than there is, the text of the whole table is set smaller; names are cut.
"""

import collections
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element

from signtally.render.drawing import Look, PlacedLine, at_start
from signtally.render.shaped_text import Face, ShapedLine, fitted, longest_word, shaped, wrapped

_MOST_LINES = 12
_PADDING, _GAP = 3.6, 6.0  # CSS pixels above and below a line, and between columns
_SLACK = 1.5  # pixels: a smaller size is not smaller by exactly its factor
_FIRST_SHARE = 0.28  # of the width, which the first column keeps where the others ask for more
_DETAIL_SIZE, _HEAD_SIZE = 0.88, 0.9
_SEMIBOLD = 600


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    text: str
    detail: str
    is_header: bool
    is_muted: bool
    is_text: bool  # stands at the start of its column and may be wrapped; figures stand at the end


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[Cell, ...]
    kind: str  # "head", "sum", "rest" or empty


@dataclasses.dataclass(frozen=True, slots=True)
class SetCell:
    """A cell's lines, in pixels from the left edge of the table and the top of the row."""

    lines: tuple[PlacedLine, ...]
    is_header: bool


class Columns:
    """Where the columns of a table stand, and the look in which its figures fit into them."""

    def __init__(self, rows: Sequence[Row], *, look: Look) -> None:
        natural = [_natural_width(rows, column, look) + _SLACK for column in range(len(rows[0].cells))]
        figures, gaps = sum(natural[1:]), _GAP * (len(natural) - 1)
        first = min(natural[0], max(look.width * _FIRST_SHARE, look.width - figures - gaps))
        scale = min(1.0, (look.width - first - gaps) / figures) if figures else 1.0
        taken = [first, *(each * scale + _GAP for each in natural[1:])]
        spare = max(0.0, look.width - sum(taken)) / len(taken)
        self.look = dataclasses.replace(look, face=look.face.resized(scale))
        self.widths = [each + spare for each in taken]

    def room(self, column: int) -> float:
        """The width of a column that text may fill."""
        return self.widths[column] - (_GAP if column else 0)

    def left(self, column: int) -> float:
        """Where that room begins."""
        before = sum(self.widths[:column])
        if self.look.is_right_to_left:
            return self.look.width - before - self.widths[column]
        return before + (_GAP if column else 0)


class SetRow:
    """A row with its texts fitted into the columns."""

    def __init__(self, row: Row, columns: Columns) -> None:
        self.kind, self._columns = row.kind, columns
        self._face = _face_of(row, columns.look)
        pieces = [self._pieces(cell, column) for column, cell in enumerate(row.cells)]
        line_height = self._face.line_height
        most = max(len(lines) for lines in pieces)
        self.height = most * line_height + 2 * _PADDING
        self.cells = [
            self._set(cell, lines, column, top=(most - len(lines)) * line_height if row.kind == "head" else 0.0)
            for column, (cell, lines) in enumerate(zip(row.cells, pieces, strict=True))
        ]

    def _pieces(self, cell: Cell, column: int) -> list[list[ShapedLine]]:
        """The cell's lines, of one or two texts each."""
        room = self._columns.room(column)
        if self.kind == "head" or cell.is_text:
            texts = [[line] for line in wrapped(cell.text, self._face, room, most_lines=_MOST_LINES)]
            return texts or [[]]
        if column:
            return [[shaped(cell.text, self._face)]]  # a figure is never cut
        name = fitted(cell.text, self._face, room)
        if not cell.detail:
            return [[name]]
        detail = fitted(cell.detail, self._face.resized(_DETAIL_SIZE), room, keeps_end=True)
        beside = name.width + _GAP + detail.width <= room
        return [[name, detail]] if beside else [[name], [detail]]

    def _set(self, cell: Cell, lines: list[list[ShapedLine]], column: int, *, top: float) -> SetCell:
        look, face = self._columns.look, self._face
        left, room = self._columns.left(column), self._columns.room(column)
        starts = column == 0 or cell.is_text
        placed = []
        for index, texts in enumerate(lines):
            y = _PADDING + top + index * face.line_height + face.baseline
            offset = 0.0
            for text in texts:
                muted = cell.is_muted or text.face != face or self.kind in {"head", "rest"}
                before = offset if starts else room - offset - text.width
                x = at_start(look, text, left=left, width=room, offset=before)
                placed.append(PlacedLine(text, x, y, look.muted if muted else look.ink))
                offset += text.width + _GAP
        return SetCell(tuple(placed), cell.is_header)

    @property
    def shown(self) -> tuple[str, ...]:
        """How the row calls itself."""
        return tuple(line.shaped.text for line in self.cells[0].lines)

    def numbered(self, number: int) -> None:
        """Say which of several equal rows it is."""
        first, *others = self.cells
        last = first.lines[-1]
        text = shaped(f"({number})", last.shaped.face)
        at_left = not self._columns.look.is_right_to_left
        x = last.x + last.shaped.width + _GAP / 2 if at_left else last.x - _GAP / 2 - text.width
        self.cells = [
            dataclasses.replace(first, lines=(*first.lines, dataclasses.replace(last, shaped=text, x=x))),
            *others,
        ]


def distinct(rows: Iterable[SetRow]) -> Iterator[SetRow]:
    """No two people are the same row, whatever had to be cut."""
    seen: collections.Counter[tuple[str, ...]] = collections.Counter()
    for row in rows:
        shown = row.shown
        seen[shown] += 1
        if seen[shown] > 1 and row.kind != "head":
            row.numbered(seen[shown])
        yield row


def table_of(element: Element) -> list[Row]:
    """The rows of an HTML table: of a cell, `<i>` is its detail; classes are `text`, `muted`, and those of Row.kind."""
    head = {id(row) for group in element.iter("thead") for row in group.iter("tr")}
    rows = []
    for row in element.iter("tr"):
        cells = tuple(_cell(cell) for cell in row if cell.tag in {"th", "td"})
        rows.append(Row(cells, "head" if id(row) in head else row.get("class", "")))
    return rows


def _cell(element: Element) -> Cell:
    classes = element.get("class", "").split()
    detail = element.find("i")
    found = "" if detail is None else _text(detail)
    text = " ".join("".join(element.itertext()).split())
    return Cell(
        text.removesuffix(found).rstrip() if found else text,
        found,
        is_header=element.tag == "th",
        is_muted="muted" in classes,
        is_text="text" in classes,
    )


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _face_of(row: Row, look: Look) -> Face:
    if row.kind == "head":
        return look.face.resized(_HEAD_SIZE)
    return look.face.resized(1, weight=_SEMIBOLD) if row.kind == "sum" else look.face


def _natural_width(rows: Sequence[Row], column: int, look: Look) -> float:
    width = 0.0
    for row in rows:
        cell, face = row.cells[column], _face_of(row, look)
        if row.kind == "head" or cell.is_text:
            width = max(width, longest_word(cell.text, face))
        else:
            width = max(width, shaped(cell.text, face).width)
        if cell.detail:
            width = max(width, shaped(cell.text, face).width + _GAP + shaped(cell.detail, face).width)
    return width
