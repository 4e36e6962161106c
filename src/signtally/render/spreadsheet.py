"""How a workbook is written: cells in the theme's colours, text that stays text, equal bytes for equal content."""

import dataclasses
import datetime as dt
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.writer.excel import ExcelWriter

from signtally.render.formats import shortened, visible
from signtally.render.theme import Theme

Value = str | int | float | dt.date | dt.datetime | None

_FACE = "Calibri"  # the reader's machine has no Inter; every spreadsheet program knows this one or its metric twin
_CELL_LIMIT_CHARACTERS = 32_767  # Excel's
_CALCULATED = tuple("=+-@\t\r\n")
# Excel reads `_x000D_` in a text as a carriage return; escaping the first underscore keeps the text as it was.
_EXCEL_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_PAPER_A4 = 9
_LINE_HEIGHT = 1.5  # of the type's size
_MOST_LINES = 27  # Excel's highest row, 409 points
_ROW_HEIGHT = 16
_EARLIEST_ZIP_YEAR = 1980


@dataclasses.dataclass(frozen=True, slots=True)
class Style:
    """How a cell looks; colours are names of the theme."""

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


class _ReadyCells(WriteOnlyWorksheet):
    """Takes rows of cells alone, which spares openpyxl one attempt and one exception a cell to find that out."""

    def _values_to_row(self, values: Sequence[Cell], row_idx: int) -> Iterator[Cell]:
        for column, cell in enumerate(values, 1):
            cell.row, cell.column = row_idx, column
            yield cell


def _added_sheet(workbook: Workbook, title: str) -> Any:  # noqa: ANN401  # openpyxl's stubs know no half of it
    sheet = _ReadyCells(workbook, title)
    workbook._add_sheet(sheet)  # type: ignore[attr-defined]  # noqa: SLF001  # create_sheet adds its own class alone
    return sheet


class Sheet:
    """One worksheet, written row by row; set widths, panes and printing before the first row."""

    def __init__(self, workbook: Workbook, title: str, *, theme: Theme) -> None:
        self.worksheet = _added_sheet(workbook, title)
        self.rows_written = 0
        self._theme = theme
        self._cells: dict[tuple[int, Style, bool], Cell] = {}
        self.worksheet.sheet_view.showGridLines = False
        self.worksheet.sheet_format.defaultRowHeight = _ROW_HEIGHT
        self.worksheet.sheet_format.customHeight = True

    def widths(self, *characters: float) -> None:
        for column, width in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", characters, strict=False):
            self.worksheet.column_dimensions[column].width = width

    def printed(self, *, title: str, landscape: bool, repeat_header: bool) -> None:
        """A4, as wide as the paper, page numbers below."""
        sheet = self.worksheet
        sheet.page_setup.orientation = "landscape" if landscape else "portrait"
        sheet.page_setup.paperSize = _PAPER_A4
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_margins.left = sheet.page_margins.right = 0.5
        sheet.page_margins.top, sheet.page_margins.bottom = 0.6, 0.75
        sheet.oddFooter.left.text = title.replace("&", "&&")  # & begins a code there
        sheet.oddFooter.right.text = "&P / &N"
        if repeat_header:
            sheet.print_title_rows = "1:1"

    def append_wide(self, text: str, style: Style, *, columns: str, characters: int) -> None:
        """One text across some columns, such as `A:E`, as high as its lines need."""
        first, last = columns.split(":")
        blanks = [None] * (ord(first) - ord("A"))
        height = lines(text, characters) * style.size * _LINE_HEIGHT
        self.append([*blanks, text], [*[Style(rule=None)] * len(blanks), style], height=height)
        row = self.rows_written
        self.worksheet.merged_cells.add(f"{first}{row}:{last}{row}")

    def append(self, values: Iterable[Value], styles: Iterable[Style], *, height: float | None = None) -> None:
        """One row; values and styles side by side, None leaves a styled cell empty."""
        self.rows_written += 1
        if height is not None:
            self.worksheet.row_dimensions[self.rows_written].height = height
        pairs = enumerate(zip(values, styles, strict=True))
        self.worksheet.append([self._cell(index, value, style) for index, (value, style) in pairs])

    def _cell(self, index: int, value: Value, style: Style) -> Cell:
        """A cell ready to append. One serves a whole column, because a row is written before the next is made."""
        text = safe_text(value) if isinstance(value, str) else None
        guarded = text is not None and text.startswith(_CALCULATED)
        cell = self._cells.get((index, style, guarded))
        if cell is None:
            cell = self._cells[index, style, guarded] = styled(self.worksheet, style, self._theme)
            cell.quotePrefix = guarded  # editing the cell leaves it a text
        cell.value = value if text is None else text
        if text is not None:
            cell.data_type = "s"  # openpyxl took it for a formula or an error value
        return cell


def styled(worksheet: _ReadyCells, style: Style, theme: Theme) -> Cell:
    cell = WriteOnlyCell(worksheet)
    cell.font = Font(name=_FACE, size=style.size, bold=style.bold, color=argb(getattr(theme, style.colour)))
    if style.fill:
        cell.fill = PatternFill("solid", fgColor=argb(getattr(theme, style.fill)))
    below = Side("thin", color=argb(getattr(theme, style.rule))) if style.rule else None
    above = Side("thin", color=argb(getattr(theme, style.rule_above))) if style.rule_above else None
    cell.border = Border(bottom=below, top=above)
    cell.number_format = style.number_format
    cell.alignment = Alignment(horizontal=style.align, vertical=style.vertical, wrap_text=style.wrap)
    return cell


def argb(colour: str) -> str:
    return f"FF{colour.removeprefix('#')}"


def safe_text(text: str) -> str:
    """The text as Excel will show it: forbidden characters visible, its own escapes disarmed, its limit marked."""
    shown = _EXCEL_ESCAPE.sub("_x005F_", visible(text))
    return shortened(shown, _CELL_LIMIT_CHARACTERS)


def lines(text: str, characters: int) -> int:
    """How many lines a text takes where so many characters stand beside each other; Excel shows no more than 27."""
    return min(max(1, -(-_columns(text) // characters)), _MOST_LINES)


def column_width(texts: Sequence[str | None], *, least: int, most: int) -> int:
    """Wide enough for the longest text."""
    longest = max((_columns(text or "") for text in texts), default=0)
    return min(max(longest + 2, least), most)


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def packed(workbook: Workbook, *, made_at: dt.datetime) -> bytes:
    """The file's bytes, dated by the report instead of by the clock."""
    made = made_at.astimezone(dt.UTC).replace(tzinfo=None, microsecond=0)
    workbook.properties.created = workbook.properties.modified = made
    body = io.BytesIO()
    ExcelWriter(workbook, _DatedZip(body, made)).save()
    return body.getvalue()


class _DatedZip(zipfile.ZipFile):
    """Every entry carries the same date, so that equal content gives equal bytes."""

    def __init__(self, file: io.BytesIO, date: dt.datetime) -> None:
        super().__init__(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        self._date = date.replace(year=max(date.year, _EARLIEST_ZIP_YEAR)).timetuple()[:6]

    def writestr(self, name: str, data: str | bytes) -> None:  # type: ignore[override]  # openpyxl gives these two
        super().writestr(self._entry(name), data)

    def write(self, filename: str, arcname: str) -> None:  # type: ignore[override]  # openpyxl gives these two
        with Path(filename).open("rb") as source, self.open(self._entry(arcname), "w", force_zip64=True) as target:
            while chunk := source.read(1 << 20):
                target.write(chunk)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, date_time=self._date)
        entry.compress_type = zipfile.ZIP_DEFLATED
        return entry
