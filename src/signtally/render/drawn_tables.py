"""Tables of a report, drawn here instead of being laid out cell by cell as CSS boxes.

The template writes an ordinary `<table class="drawn">`, which a browser shows as well. WeasyPrint takes half a
millisecond a cell for it, so its rows are drawn as pictures of a few rows each, between which pages break;
`pdf_structure` tags what was drawn as one table with header cells.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from weasyprint.pdf.stream import Stream

from signtally.render.drawing import Look, Mark, marked, operands, rule
from signtally.render.shaped_text import LineWriter
from signtally.render.table_layout import Columns, Row, SetCell, SetRow, distinct

ROWS_A_BLOCK = 3  # pages break between blocks
_STRONG_PIXELS, _FINE_PIXELS = 0.9, 0.75  # rules


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

    def __init__(self, rows: Sequence[Row], *, look: Look, writer: LineWriter) -> None:
        self.look, self.writer = look, writer
        columns = Columns(rows, look=look)
        self.rows = list(distinct(SetRow(row, columns) for row in rows))
        self.drawn: list[DrawnRow] = []

    def blocks(self) -> Iterator["Block"]:
        """The head, then a few rows each; the last row, which may be a sum, is never alone."""
        yield Block(self, [row for row in self.rows if row.kind == "head"])
        body = [row for row in self.rows if row.kind != "head"]
        cuts = list(range(0, len(body), ROWS_A_BLOCK))
        if len(cuts) > 1 and len(body) - cuts[-1] == 1:
            cuts[-1] -= 1
        yield from (Block(self, body[first:last]) for first, last in itertools.pairwise([*cuts, len(body)]))


class Block:
    """Some rows as a picture, in WeasyPrint's terms. A head that is repeated on the next page is no second head."""

    def __init__(self, table: DrawnTable, rows: Sequence[SetRow]) -> None:
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
                stream.stream += [text for cell in row.cells for text in self._texts(stream, cell, top)]
                stream.end_marked_content()
            else:
                self.table.drawn.append(self._row(stream, row, top))
            top += row.height
        self._is_drawn = True
        stream.begin_marked_content("Artifact")
        self._draw_rules_and_emojis(stream)

    def _row(self, stream: Stream, row: SetRow, top: float) -> DrawnRow:
        cells = (
            DrawnCell(marked(stream, "TH" if cell.is_header else "TD", self._texts(stream, cell, top)), cell.is_header)
            for cell in row.cells
        )
        return DrawnRow(stream, row.kind == "head", tuple(cells))

    def _texts(self, stream: Stream, cell: SetCell, top: float) -> Iterator[bytes]:
        return (line.drawn(stream, self.table.writer, top=top) for line in cell.lines)

    def _draw_rules_and_emojis(self, stream: Stream) -> None:
        look, y = self.table.look, 0.0
        strong, fine = operands(look.theme.neutral), operands(look.theme.line)
        for row in self.rows:
            if row.kind == "sum":
                stream.stream.append(rule(strong, _STRONG_PIXELS, look.width, y))
            for line in (line for cell in row.cells for line in cell.lines if line.shaped.emojis):
                self.table.writer.draw_emojis(stream, line.shaped, x=line.x, y=y + line.y)
            y += row.height
            if row.kind != "sum":
                is_head = row.kind == "head"
                stream.stream.append(
                    rule(strong if is_head else fine, _STRONG_PIXELS if is_head else _FINE_PIXELS, look.width, y)
                )
