"""Tables of a report, drawn as pictures of a few rows each, between which pages break.

The template writes an ordinary `<table class="drawn">`, which a browser shows as well.
"""

import itertools
from collections.abc import Iterator, Sequence

from signtally.render.drawing import Canvas, Look, Tagged, operands, rule
from signtally.render.table_layout import Columns, Row, SetCell, SetRow, distinct

ROWS_A_BLOCK = 3  # pages break between blocks
_STRONG_PIXELS, _FINE_PIXELS = 0.9, 0.75  # rules
_SCOPES = {"head": b"/A<</O/Table/Scope/Column>>", "": b"/A<</O/Table/Scope/Row>>"}


class DrawnTable:
    """One table, measured: its *head*, and its *body* in blocks."""

    def __init__(self, rows: Sequence[Row], *, look: Look) -> None:
        columns = Columns(rows, look=look)
        found = list(distinct(SetRow(row, columns) for row in rows))
        self.head = RowBlock([row for row in found if row.kind == "head"], look=look)
        self.body = [RowBlock(some, look=look) for some in _blocks([row for row in found if row.kind != "head"])]


def _blocks(rows: list[SetRow]) -> Iterator[list[SetRow]]:
    """A few rows each; the last row, which may be a sum, is never alone."""
    cuts = list(range(0, len(rows), ROWS_A_BLOCK))
    if len(cuts) > 1 and len(rows) - cuts[-1] == 1:
        cuts[-1] -= 1
    return (rows[first:last] for first, last in itertools.pairwise([*cuts, len(rows)]))


class RowBlock:
    """Some rows as a picture (see `drawing.Picture`). A head that is repeated on the next page is no second head."""

    def __init__(self, rows: Sequence[SetRow], *, look: Look) -> None:
        self.rows = rows
        self.height = sum(row.height for row in rows)
        self._look = look
        self._is_drawn = False

    def draw(self, canvas: Canvas) -> list[Tagged]:
        tops = [0.0, *itertools.accumulate(row.height for row in self.rows)]
        placed = list(zip(self.rows, tops, strict=False))
        if self._is_drawn:
            canvas.unread(text for row, top in placed for cell in row.cells for text in _texts(canvas, cell, top))
            read = []
        else:
            read = [_row(canvas, row, top) for row, top in placed]
        self._is_drawn = True
        canvas.unread(self._rules())
        for row, top in placed:
            canvas.draw_emojis((line for cell in row.cells for line in cell.lines), top=top)
        return read

    def _rules(self) -> Iterator[bytes]:
        look, y = self._look, 0.0
        strong, fine = operands(look.theme.neutral), operands(look.theme.line)
        for row in self.rows:
            if row.kind == "sum":
                yield rule(strong, _STRONG_PIXELS, look.width, y)
            y += row.height
            if row.kind != "sum":
                is_head = row.kind == "head"
                yield rule(strong if is_head else fine, _STRONG_PIXELS if is_head else _FINE_PIXELS, look.width, y)


def _row(canvas: Canvas, row: SetRow, top: float) -> Tagged:
    scope = _SCOPES["head" if row.kind == "head" else ""]
    cells = Tagged("TR")
    for cell in row.cells:
        kind = "TH" if cell.is_header else "TD"
        cells.add(canvas.tagged(kind, _texts(canvas, cell, top))).attributes = scope if cell.is_header else b""
    return cells


def _texts(canvas: Canvas, cell: SetCell, top: float) -> Iterator[bytes]:
    return (line.drawn(canvas, top=top) for line in cell.lines)
