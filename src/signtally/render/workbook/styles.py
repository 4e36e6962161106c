"""How cells look, in the theme's colours and from the side on which the report's language begins."""

import dataclasses

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from signtally.render.theme import Theme
from signtally.render.workbook.cells import StyleIds

_RIGHT_TO_LEFT = 2  # Excel's number of that reading order; 0: as the first letter has it
_FACE = "Calibri"  # the reader's machine has no Inter; every spreadsheet program knows this one or its metric twin


@dataclasses.dataclass(frozen=True, slots=True)
class Style:
    """How a cell looks; colours are names of the theme, *align* is `start`, `end` or Excel's own choice."""

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
HEAD_OF_FIGURES = dataclasses.replace(HEAD, align="end")
# From the start even where a name is written the other way: in a column of names its beginning is looked for there.
TEXT, MUTED = Style(align="start"), Style(colour="muted", align="start")
NAME, ADDRESS = dataclasses.replace(TEXT, own_direction=True), dataclasses.replace(MUTED, own_direction=True)
ASIDE = Style(colour="muted", align="end")
PROSE = Style(wrap=True, vertical="top", align="start")
FIGURE = Style(align="end", own_direction=True)
FIGURE_MUTED = dataclasses.replace(FIGURE, colour="muted")
TOTAL = Style(bold=True, rule=None, rule_above="neutral", align="start")
TOTAL_FIGURE = dataclasses.replace(TOTAL, align="end", own_direction=True)


class StyleSheet:
    """The workbook's list of styles: every look once."""

    def __init__(self, workbook: Workbook, theme: Theme, *, right_to_left: bool) -> None:
        self.theme = theme
        self._workbook = workbook
        self._right_to_left = right_to_left
        self._sides = {"start": "right", "end": "left"} if right_to_left else {"start": "left", "end": "right"}
        self._ids: dict[Style, StyleIds] = {}

    def ids(self, style: Style) -> StyleIds:
        found = self._ids.get(style)
        if found is None:
            found = self._ids[style] = self._added(style)
        return found

    def _added(self, style: Style) -> StyleIds:
        return StyleIds(self._id(style, quoted=False), self._id(style, quoted=True))

    def _id(self, style: Style, *, quoted: bool) -> int:
        cell = WriteOnlyCell(self._workbook.worksheets[0])
        cell.font = Font(name=_FACE, size=style.size, bold=style.bold, color=self._argb(style.colour))
        if style.fill:
            cell.fill = PatternFill("solid", fgColor=self._argb(style.fill))
        below = Side("thin", color=self._argb(style.rule)) if style.rule else None
        above = Side("thin", color=self._argb(style.rule_above)) if style.rule_above else None
        cell.border = Border(bottom=below, top=above)
        cell.number_format = style.number_format
        is_date = "yyyy" in style.number_format  # the month is a word
        turned = self._right_to_left and (is_date or not style.own_direction)
        cell.alignment = Alignment(
            horizontal=self._sides.get(style.align or ""),
            vertical=style.vertical,
            wrap_text=style.wrap,
            indent=style.indent,
            readingOrder=_RIGHT_TO_LEFT if turned else 0,
        )
        cell.quotePrefix = quoted
        return int(cell.style_id)

    def _argb(self, colour: str) -> str:
        return argb(getattr(self.theme, colour))


def argb(colour: str) -> str:
    return f"FF{colour.removeprefix('#')}"
