"""Tables of a report, measured and drawn here instead of being laid out cell by cell as CSS boxes.

The template writes an ordinary `<table class="drawn">`, which a browser shows as well. WeasyPrint takes half a
millisecond a cell for it, so its rows are drawn as pictures of a few rows each, between which pages break;
`pdf_structure` tags what was drawn as one table with header cells.
"""

import collections
import dataclasses
import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element

import pydyf
from weasyprint.pdf.stream import Stream

from signtally.render.shaped_text import Face, LineWriter, ShapedLine, fitted, longest_word, shaped, wrapped

ROWS_A_BLOCK = 3  # pages break between blocks
_MOST_LINES = 12
_PADDING, _GAP = 3.6, 6.0  # CSS pixels above and below a line, and between columns
_SLACK = 1.5  # pixels: a smaller size is not smaller by exactly its factor
_FIRST_SHARE = 0.28  # of the width, which the first column keeps where the others ask for more
_DETAIL_SIZE, _HEAD_SIZE = 0.88, 0.9
_SEMIBOLD = 600


@dataclasses.dataclass(frozen=True, slots=True)
class TableLook:
    """The width in CSS pixels, the face of a plain cell, and colours as PDF writes them: `0.1 0.2 0.3`."""

    width: float
    face: Face
    ink: bytes
    muted: bytes
    line: bytes
    strong_line: bytes

    @property
    def is_right_to_left(self) -> bool:
        return self.face.is_right_to_left


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


class Mark(pydyf.Object):  # type: ignore[misc]  # pydyf is untyped
    """A marked-content id on a page; its number is known when the page is finished."""

    def __init__(self) -> None:
        super().__init__()
        self.id = 0

    @property
    def data(self) -> bytes:
        return b"%d" % self.id


@dataclasses.dataclass(frozen=True, slots=True)
class DrawnCell:
    """What `pdf_structure` puts under the element of a cell."""

    mark: Mark
    is_header: bool


@dataclasses.dataclass(frozen=True, slots=True)
class DrawnRow:
    stream: Stream  # of its page
    is_head: bool
    cells: tuple[DrawnCell, ...]


class DrawnTable:
    """One table, measured, and in *drawn* what of it has been drawn so far."""

    def __init__(self, rows: Sequence[Row], *, look: TableLook, writer: LineWriter) -> None:
        self.writer = writer
        self.look, self.widths = _columns(rows, look=look)
        self.rows = list(_distinct(_SetRow(row, self) for row in rows))
        self.drawn: list[DrawnRow] = []

    def blocks(self) -> Iterator["Block"]:
        """The head, then a few rows each; the last row, which may be a sum, is never alone."""
        yield Block(self, [row for row in self.rows if row.kind == "head"])
        body = [row for row in self.rows if row.kind != "head"]
        cuts = list(range(0, len(body), ROWS_A_BLOCK))
        if len(cuts) > 1 and len(body) - cuts[-1] == 1:
            cuts[-1] -= 1
        yield from (Block(self, body[first:last]) for first, last in itertools.pairwise([*cuts, len(body)]))

    def start(self, column: int) -> float:
        """The left edge of a column."""
        before = sum(self.widths[:column])
        return self.look.width - before - self.widths[column] if self.look.is_right_to_left else before


class Block:
    """Some rows as a picture, in WeasyPrint's terms. A head that is repeated on the next page is no second head."""

    def __init__(self, table: DrawnTable, rows: Sequence["_SetRow"]) -> None:
        self.table, self.rows = table, rows
        self.height = sum(row.height for row in rows)
        self._is_drawn = False

    def get_intrinsic_size(self, _resolution: float, _font_size: float) -> tuple[float, float, float]:
        return self.table.look.width, self.height, self.table.look.width / max(self.height, 1)

    def draw(self, stream: Stream, _width: float, _height: float, _style: object) -> None:
        stream.end_marked_content()  # WeasyPrint's own, for a picture; `pdf_structure` makes an artifact of it
        top = 0.0
        for row in self.rows:
            if self._is_drawn:
                stream.begin_marked_content("Artifact")
                stream.stream += [row.drawn(stream, line, top=top) for cell in row.cells for line in cell.lines]
                stream.end_marked_content()
            else:
                self.table.drawn.append(row.draw(stream, top=top))
            top += row.height
        self._is_drawn = True
        stream.begin_marked_content("Artifact")
        self._draw_rules_and_emojis(stream)

    def _draw_rules_and_emojis(self, stream: Stream) -> None:
        look, y = self.table.look, 0.0
        for row in self.rows:
            if row.kind == "sum":
                stream.stream.append(_rule(look.strong_line, 0.9, self.table.look.width, y))
            for line in (line for cell in row.cells for line in cell.lines if line.shaped.emojis):
                self.table.writer.draw_emojis(stream, line.shaped, x=line.x, y=y + line.y)
            y += row.height
            if row.kind != "sum":
                stream.stream.append(
                    _rule(look.strong_line, 0.9, self.table.look.width, y)
                    if row.kind == "head"
                    else _rule(look.line, 0.75, self.table.look.width, y)
                )


@dataclasses.dataclass(frozen=True, slots=True)
class _Line:
    """A line of a cell: from *x* in the table, its letters standing *y* below the top of the row."""

    shaped: ShapedLine
    x: float
    y: float
    colour: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class _SetCell:
    lines: tuple[_Line, ...]
    is_header: bool


class _SetRow:
    """A row with its texts fitted into the columns."""

    def __init__(self, row: Row, table: DrawnTable) -> None:
        self.kind, self._table = row.kind, table
        self._face = _face_of(row, table.look)
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
        room = self._table.widths[column] - (_GAP if column else 0)
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

    def _set(self, cell: Cell, lines: list[list[ShapedLine]], column: int, *, top: float) -> _SetCell:
        look, face = self._table.look, self._face
        starts = column == 0 or cell.is_text
        inner = self._table.widths[column] - (_GAP if column else 0)
        left = self._table.start(column) + (_GAP if column and not look.is_right_to_left else 0)
        placed = []
        for index, texts in enumerate(lines):
            y = _PADDING + top + index * face.line_height + face.baseline
            offset = 0.0
            for text in texts:
                is_detail = text.face != face
                at_left = starts != look.is_right_to_left
                x = left + offset if at_left else left + inner - offset - text.width
                muted = cell.is_muted or is_detail or self.kind in {"head", "rest"}
                placed.append(_Line(text, x, y, look.muted if muted else look.ink))
                offset += text.width + _GAP
        return _SetCell(tuple(placed), cell.is_header)

    @property
    def shown(self) -> tuple[str, ...]:
        """How the row calls itself."""
        return tuple(line.shaped.text for line in self.cells[0].lines)

    def numbered(self, number: int) -> None:
        """Say which of several equal rows it is."""
        first, *others = self.cells
        last = first.lines[-1]
        text = shaped(f"({number})", last.shaped.face)
        at_left = not self._table.look.is_right_to_left
        x = last.x + last.shaped.width + _GAP / 2 if at_left else last.x - _GAP / 2 - text.width
        self.cells = [
            dataclasses.replace(first, lines=(*first.lines, dataclasses.replace(last, shaped=text, x=x))),
            *others,
        ]

    def draw(self, stream: Stream, *, top: float) -> DrawnRow:
        cells = []
        for cell in self.cells:
            mark = Mark()
            stream.stream += [b"/TH <</MCID" if cell.is_header else b"/TD <</MCID", mark, b">> BDC"]
            stream.stream += [self.drawn(stream, line, top=top) for line in cell.lines]
            stream.stream.append(b"EMC")
            cells.append(DrawnCell(mark, cell.is_header))
        return DrawnRow(stream, self.kind == "head", tuple(cells))

    def drawn(self, stream: Stream, line: _Line, *, top: float) -> bytes:
        operators = self._table.writer.operators(stream, line.shaped, x=line.x, y=top + line.y)
        return b"%s rg\n%s" % (line.colour, operators)


@functools.lru_cache(256)
def operands(colour: str) -> bytes:
    """`#rrggbb` as PDF writes it: three shares of 0–1."""
    return " ".join(f"{int(colour[at : at + 2], 16) / 255:.3f}" for at in (1, 3, 5)).encode()


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


def _face_of(row: Row, look: TableLook) -> Face:
    if row.kind == "head":
        return look.face.resized(_HEAD_SIZE)
    return look.face.resized(1, weight=_SEMIBOLD) if row.kind == "sum" else look.face


def _columns(rows: Sequence[Row], *, look: TableLook) -> tuple[TableLook, list[float]]:
    """What each column takes. Where figures ask for more than there is, the text of the whole table is set smaller."""
    natural = [_natural_width(rows, column, look) + _SLACK for column in range(len(rows[0].cells))]
    figures, gaps = sum(natural[1:]), _GAP * (len(natural) - 1)
    first = min(natural[0], max(look.width * _FIRST_SHARE, look.width - figures - gaps))
    scale = min(1.0, (look.width - first - gaps) / figures) if figures else 1.0
    widths = [first, *(each * scale + _GAP for each in natural[1:])]
    spare = max(0.0, look.width - sum(widths)) / len(widths)
    return dataclasses.replace(look, face=look.face.resized(scale)), [each + spare for each in widths]


def _natural_width(rows: Sequence[Row], column: int, look: TableLook) -> float:
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


def _distinct(rows: Iterable["_SetRow"]) -> Iterator["_SetRow"]:
    """No two people are the same row, whatever had to be cut."""
    seen: collections.Counter[tuple[str, ...]] = collections.Counter()
    for row in rows:
        shown = row.shown
        seen[shown] += 1
        if seen[shown] > 1 and row.kind != "head":
            row.numbered(seen[shown])
        yield row


def _rule(colour: bytes, thickness: float, width: float, y: float) -> bytes:
    return b"%s RG %.2f w 0 %.2f m %.2f %.2f l S" % (colour, thickness, y, width, y)
