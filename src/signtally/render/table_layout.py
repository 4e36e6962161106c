"""Rows of a table, read from HTML and measured: how wide each column is, and which lines each cell has.

Where headings ask for more room than there is, the whole table is set a little smaller, then they are hyphenated; where
figures do, names have less room, down to a limit; at last the table is set as small as it takes. Names are cut, and
other texts wrapped.
"""

import collections
import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element

from signtally.render.drawing import Look, PlacedLine, at_start
from signtally.render.faces import POINTS_A_PIXEL, Face, read_by
from signtally.render.fitted_text import fitted, hyphenated, longest_part, longest_word, wrapped
from signtally.render.markup_text import text_of
from signtally.render.shaped_text import ShapedLine, shaped

_MOST_LINES = 12
_PADDING, _GAP = 3.6, 6.0  # CSS pixels above and below a line, and between columns
_LEAST_GAP = 4.5  # between columns that would not be legible otherwise
_SLACK = 1.5  # pixels: a smaller size is not smaller by exactly its factor
LEGIBLE_POINTS = 7.0  # of the body; heads and details are a tenth smaller
_FIRST_SHARE = 0.28  # of the width, which the first column keeps where the others ask for more
_LEAST_FIRST_SHARE = 0.14  # which it keeps where they would not be legible otherwise
_WORD_SHARE = 0.2  # of the width, beyond which a word in a column of text is broken
_LEAST_SCALE = 0.9  # at which letters are still as easy to read; rather than smaller, headings are hyphenated
_SCALE_STEP = 0.02  # so that tables of many reports have few sizes, in which words are shaped already
_ROUNDING = 1e-6
_LEAST_SAVED = 0.02  # of the width, for which it is worth it
_FEW_STACKED = 0.25  # of the rows: where more have no room for their detail beside the name, all have it below
_FEW_CUT = 0.25  # of the details, which keep their ends
_FEW_WRAPPED = 0.25  # of the names, which then take two lines
_MOST_NAME_LINES = 2
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
    """Where the columns of a table stand, and the look in which its figures fit into them.

    Each has what it needs; what is left keeps words whole, then sets each text on one line, then is shared by all.
    """

    def __init__(self, rows: Sequence[Row], *, look: Look) -> None:
        needs = [_Need.of(rows, column, look) for column in range(len(rows[0].cells))]
        self._gap, shares = _GAP, _Shares.of(needs, look, gap=_GAP)
        if shares.lacking > 0:
            self._gap, shares = _LEAST_GAP, _Shares.of(needs, look, gap=_LEAST_GAP)
        given = min(max(0.0, shares.lacking), max(0.0, shares.first - look.width * _LEAST_FIRST_SHARE))
        first, room, widths = shares.first - given, shares.others + given, list(shares.least)
        scale = min(1.0, math.floor(room / sum(widths) / _SCALE_STEP) * _SCALE_STEP) if widths else 1.0
        widths = [width * scale for width in widths]
        if scale == 1.0:
            for wanted in ([need.words for need in needs[1:]], [need.line for need in needs[1:]]):
                widths = _grown(widths, wanted, room - sum(widths))
        spare = max(0.0, room - sum(widths)) / len(needs)
        self.look = dataclasses.replace(look, face=look.face.resized(scale))
        self.widths = [first + spare, *(width + self._gap + spare for width in widths)]
        self.is_stacked = _is_stacked(rows, self.look, self.widths[0])
        is_legible = shares.lacking <= given
        self.is_roomy = is_legible and (not given or _shows_names(rows, self.look, self.widths[0]))

    def room(self, column: int) -> float:
        """The width of a column that text may fill."""
        return self.widths[column] - (self._gap if column else 0)

    def left(self, column: int) -> float:
        """Where that room begins."""
        before = sum(self.widths[:column])
        if self.look.is_right_to_left:
            return self.look.width - before - self.widths[column]
        return before + (self._gap if column else 0)


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
        room, face = self._columns.room(column), read_by(self._face, cell.text)
        if self.kind == "head" or cell.is_text:
            text = hyphenated(cell.text, face, room) if self.kind == "head" else cell.text
            return [[line] for line in wrapped(text, face, room, most_lines=_MOST_LINES)] or [[]]
        if column:
            return [[shaped(cell.text, self._face)]]  # a figure is never cut
        names = _name_lines(cell.text, face, room)
        if not cell.detail:
            return [[name] for name in names]
        small = read_by(self._face.resized(_DETAIL_SIZE), cell.detail)
        detail = fitted(cell.detail, small, room, keeps_end=True)
        beside = not self._columns.is_stacked and names[-1].width + _GAP + detail.width <= room
        return [*([name] for name in names[:-1]), *([[names[-1], detail]] if beside else [[names[-1]], [detail]])]

    def _set(self, cell: Cell, lines: list[list[ShapedLine]], column: int, *, top: float) -> SetCell:
        look, face = self._columns.look, self._face
        left, room = self._columns.left(column), self._columns.room(column)
        starts = column == 0 or cell.is_text or look.is_right_to_left  # figures run to the right everywhere
        placed = []
        for index, texts in enumerate(lines):
            y = _PADDING + top + index * face.line_height + face.baseline
            offset = 0.0
            for text in texts:
                muted = cell.is_muted or text.face.size != face.size or self.kind in {"head", "rest"}
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
        """Say which of several equal rows it is; its last line makes room for that."""
        first, *others = self.cells
        *before, last = first.lines
        face, left = last.shaped.face, self._columns.left(0)
        mark, ends = shaped(f"({number})", face), last.x + last.shaped.width
        at_left = not self._columns.look.is_right_to_left
        room = (left + self._columns.room(0) - last.x if at_left else ends - left) - mark.width - _GAP / 2
        text = fitted(last.shaped.text, face, room, keeps_end=face.size != self._face.size)
        x = last.x if at_left else ends - text.width
        marked_at = x + text.width + _GAP / 2 if at_left else x - _GAP / 2 - mark.width
        lines = (dataclasses.replace(last, shaped=text, x=x), dataclasses.replace(last, shaped=mark, x=marked_at))
        self.cells = [dataclasses.replace(first, lines=(*before, *lines)), *others]


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
    found = "" if detail is None else text_of(detail)
    text = text_of(element)
    return Cell(
        text.removesuffix(found).rstrip() if found else text,
        found,
        is_header=element.tag == "th",
        is_muted="muted" in classes,
        is_text="text" in classes,
    )


def _face_of(row: Row, look: Look) -> Face:
    if row.kind == "head":
        return look.face.resized(_HEAD_SIZE)
    return look.face.resized(1, weight=_SEMIBOLD) if row.kind == "sum" else look.face


@dataclasses.dataclass(frozen=True, slots=True)
class _Need:
    """The widths of a column: at *least*, with whole *words*, and with each text on one *line*."""

    least: float
    words: float
    line: float

    @classmethod
    def of(cls, rows: Sequence[Row], column: int, look: Look) -> "_Need":
        least = words = line = 0.0
        for row in rows:
            cell, face = row.cells[column], _face_of(row, look)
            whole = shaped(cell.text, face).width
            if cell.detail:
                whole += _GAP + shaped(cell.detail, face.resized(_DETAIL_SIZE)).width
            word = part = whole
            if row.kind == "head":
                word, part = longest_word(cell.text, face), longest_part(cell.text, face)
            elif cell.is_text:
                word = part = min(longest_word(cell.text, face), look.width * _WORD_SHARE)
            least, words, line = max(least, part), max(words, word), max(line, whole)
        return cls(least + _SLACK, words + _SLACK, line + _SLACK)


@dataclasses.dataclass(frozen=True, slots=True)
class _Shares:
    """Of the width: what the *first* column keeps, and the *others* have; what each of them asks for at *least*."""

    first: float
    others: float
    least: Sequence[float]
    lacking: float  # for the others to be legible

    @classmethod
    def of(cls, needs: Sequence[_Need], look: Look, *, gap: float) -> "_Shares":
        width = look.width - gap * (len(needs) - 1)
        words, parts = (sum(getattr(need, name) for need in needs[1:]) for name in ("words", "least"))
        first = min(needs[0].line, max(look.width * _FIRST_SHARE, width - words))
        hyphenates = width - first < _LEAST_SCALE * words and words - parts > _LEAST_SAVED * words
        if hyphenates:
            first = min(needs[0].line, max(first, width - parts))
        least = [need.least if hyphenates else need.words for need in needs[1:]]
        return cls(first, width - first, least, _legible_scale(look) * sum(least) - (width - first))


def _legible_scale(look: Look) -> float:
    """At which it is legible still: one of the steps that tables are set at."""
    legible = LEGIBLE_POINTS / POINTS_A_PIXEL / look.face.size
    return math.ceil(legible / _SCALE_STEP) * _SCALE_STEP + _ROUNDING


def _grown(widths: Sequence[float], wanted: Sequence[float], room: float) -> list[float]:
    """Each width nearer to what is wanted, all by the same share of what they lack."""
    lacks = [max(0.0, wish - width) for width, wish in zip(widths, wanted, strict=True)]
    share = min(1.0, max(0.0, room) / (sum(lacks) or 1.0))
    return [width + lack * share for width, lack in zip(widths, lacks, strict=True)]


def _is_stacked(rows: Sequence[Row], look: Look, width: float) -> bool:
    """Whether names have their details below them, because many have no room beside them."""
    detailed, small = [row.cells[0] for row in rows if row.cells[0].detail], look.face.resized(_DETAIL_SIZE)
    too_wide = [
        cell
        for cell in detailed
        if shaped(cell.text, look.face).width + _GAP + shaped(cell.detail, small).width > width
    ]
    return len(too_wide) > _FEW_STACKED * len(detailed)


def _name_lines(text: str, face: Face, room: float) -> Sequence[ShapedLine]:
    """A name on one line; one of several words that is too wide on two. What is wider still is cut."""
    if shaped(text, face).width <= room or longest_word(text, face) > room:
        return [fitted(text, face, room)]
    return wrapped(text, face, room, most_lines=_MOST_NAME_LINES)


def _shows_names(rows: Sequence[Row], look: Look, width: float) -> bool:
    """Whether that is enough for all names, most of them on one line, and for most of the details below them."""
    small = look.face.resized(_DETAIL_SIZE)
    details = [shaped(row.cells[0].detail, small).width for row in rows if row.cells[0].detail]
    few_are_cut = sum(detail > width for detail in details) <= _FEW_CUT * len(details)
    names = [(row.cells[0].text, _face_of(row, look)) for row in rows if row.kind != "head"]
    wide = [(text, face) for text, face in names if shaped(text, face).width > width]
    few_are_wrapped = len(wide) <= _FEW_WRAPPED * len(names)
    return few_are_cut and few_are_wrapped and all(_is_whole(text, face, width) for text, face in wide)


def _is_whole(text: str, face: Face, room: float) -> bool:
    """Whether its lines show all of a name."""
    shown = "".join(line.text for line in _name_lines(text, face, room))
    return shown.replace(" ", "") == text.replace(" ", "")
