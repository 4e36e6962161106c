"""How cells look, in the theme's colours and from the side on which the report's language begins."""

import copy
import dataclasses
import functools
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray

from signtally.render.theme import Theme
from signtally.render.workbook.cells import StyleIds

_RIGHT_TO_LEFT = 2  # Excel's number of that reading order; 0: as the first letter has it
_REMEMBERED = 500
_FACE = "Calibri"  # the reader's machine has no Inter; every spreadsheet program knows this one or its metric twin


@dataclasses.dataclass(frozen=True, slots=True)
class Style:
    """How a cell looks; colours are names of the theme, *align* is `start`, `end`, `units` or Excel's own choice."""

    size: float = 10
    bold: bool = False
    colour: str = "ink"
    fill: str | None = None
    rule: str | None = "line"  # the line below
    rule_above: str | None = None
    number_format: str = "General"
    align: str | None = None
    wrap: bool = False
    vertical: str = "center"
    indent: int = 0  # from the side of *align*
    own_direction: bool = False  # names and figures, which do not follow the sheet's


TITLE = Style(size=20, bold=True, rule=None, wrap=True, align="start")
SECTION = Style(size=12, bold=True, rule=None, align="start")
CAPTION = Style(colour="muted", rule=None, wrap=True, align="start")
STATEMENT = Style(bold=True, rule=None, wrap=True, align="start")
HEAD = Style(bold=True, colour="muted", fill="surface", rule="neutral", align="start", wrap=True)
HEAD_OF_FIGURES = dataclasses.replace(HEAD, align="units")
# From the start even where a name is written the other way: in a column of names its beginning is looked for there.
TEXT, MUTED = Style(align="start"), Style(colour="muted", align="start")
NAME = dataclasses.replace(TEXT, own_direction=True)
ADDRESS = dataclasses.replace(MUTED, own_direction=True, indent=1)  # apart from a name that fills its column
ASIDE = Style(colour="muted", align="end")
PROSE = Style(wrap=True, vertical="top", align="start")
FIGURE = Style(align="units", own_direction=True)
FIGURE_MUTED = dataclasses.replace(FIGURE, colour="muted")
TOTAL = Style(bold=True, rule=None, rule_above="neutral", align="start")
TOTAL_FIGURE = dataclasses.replace(TOTAL, align="units", own_direction=True)


class StyleSheet:
    """The workbook's list of styles: every look once."""

    def __init__(self, workbook: Workbook, theme: Theme, *, right_to_left: bool) -> None:
        self.theme = theme
        self._workbook: Any = workbook  # openpyxl's stubs leave its lists out
        self._right_to_left = right_to_left
        self._sides = {"start": "right", "end": "left"} if right_to_left else {"start": "left", "end": "right"}
        self._sides["units"] = "right"  # of figures, whichever way words run: units stand below units
        self._ids: dict[Style, StyleIds] = {}
        self._indexes: dict[int, tuple[int, object]] = {}  # in the workbook's lists, by the id of what is kept with it

    def ids(self, style: Style) -> StyleIds:
        found = self._ids.get(style)
        if found is None:
            found = self._ids[style] = self._added(style)
        return found

    def _added(self, style: Style) -> StyleIds:
        book, cell = self._workbook, WriteOnlyCell(self._workbook.worksheets[0])
        look: Any = StyleArray()
        cell._style = look  # type: ignore[attr-defined]  # noqa: SLF001  # setting its font hashes the font anew
        look.fontId = self._index(book._fonts, _font(style.size, self._argb(style.colour), bold=style.bold))  # noqa: SLF001
        if style.fill:
            look.fillId = self._index(book._fills, _fill(self._argb(style.fill)))  # noqa: SLF001
        look.borderId = self._index(book._borders, self._border(style))  # noqa: SLF001
        look.alignmentId = self._index(book._alignments, self._alignment(style))  # noqa: SLF001
        cell.number_format = style.number_format
        plain = int(cell.style_id)
        cell._style = copy.copy(look)  # type: ignore[attr-defined]  # noqa: SLF001  # the list holds the first
        cell.quotePrefix = True
        return StyleIds(plain, int(cell.style_id))

    def _index(self, listed: Any, value: object) -> int:  # noqa: ANN401  # one of the workbook's lists
        found = self._indexes.get(id(value))
        if found is None:
            found = self._indexes[id(value)] = int(listed.add(value)), value
        return found[0]

    def _border(self, style: Style) -> Border:
        below, above = (self._argb(rule) if rule else None for rule in (style.rule, style.rule_above))
        return _border(below, above)

    def _alignment(self, style: Style) -> Alignment:
        is_date = "yyyy" in style.number_format  # the month is a word
        turned = self._right_to_left and (is_date or not style.own_direction)
        # Figures end where a sheet from right to left has the column before: apart from what fills that.
        indent = style.indent or int(self._right_to_left and style.align == "units")
        side = self._sides.get(style.align or "")
        return _alignment(side, style.vertical, wrap=style.wrap, indent=indent, turned=turned)

    def _argb(self, colour: str) -> str:
        return argb(getattr(self.theme, colour))


# openpyxl takes its time to make each of these, and no report changes one.
@functools.lru_cache(_REMEMBERED)
def _font(size: float, colour: str, *, bold: bool) -> Font:
    return Font(name=_FACE, size=size, bold=bold, color=colour)


@functools.lru_cache(_REMEMBERED)
def _fill(colour: str) -> PatternFill:
    return PatternFill("solid", fgColor=colour)


@functools.lru_cache(_REMEMBERED)
def _border(below: str | None, above: str | None) -> Border:
    sides = [Side("thin", color=colour) if colour else None for colour in (below, above)]
    return Border(bottom=sides[0], top=sides[1])


@functools.lru_cache(_REMEMBERED)
def _alignment(horizontal: str | None, vertical: str, *, wrap: bool, indent: int, turned: bool) -> Alignment:
    reading_order = _RIGHT_TO_LEFT if turned else 0
    return Alignment(
        horizontal=horizontal, vertical=vertical, wrap_text=wrap, indent=indent, readingOrder=reading_order
    )


def argb(colour: str) -> str:
    return f"FF{colour.removeprefix('#')}"
