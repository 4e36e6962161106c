"""One workbook and its sheets: widths, panes, printing; rows as XML, made when the file is packed."""

import dataclasses
import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from signtally.render.contents import Contents
from signtally.render.visible_text import shortened
from signtally.render.workbook.cells import Value, cell_xml
from signtally.render.workbook.number_formats import PAPER_A4, PAPER_LETTER, NumberFormats, paper_size
from signtally.render.workbook.styles import Style, StyleSheet

_LINE_HEIGHT = 1.5  # of the type's size
_MOST_LINES = 27  # Excel's highest row, 409 points
_ROW_HEIGHT = 16
_PAPER_POINTS = {PAPER_LETTER: (612, 792), PAPER_A4: (595, 842)}
_MARGIN_INCHES, _TOP_INCHES, _BOTTOM_INCHES = 0.5, 0.8, 0.75
_SIDE_MARGINS, _TOP_AND_BOTTOM_MARGINS = 2 * 72 * _MARGIN_INCHES, 72 * (_TOP_INCHES + _BOTTOM_INCHES)
_POINTS_A_CHARACTER = 5.25  # in Calibri; a wider face in its place makes columns wider and pages hold more
_FOOTER_LIMIT_CHARACTERS = 60
_TITLE_LIMIT_CHARACTERS = 31  # Excel's, of a sheet's name
_FORBIDDEN_IN_TITLES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


class Book:
    """A workbook in the making: what all its sheets have in common."""

    def __init__(self, contents: Contents, *, footer: str) -> None:
        self.contents = contents
        self.words = contents.words
        self.sheets: list[Sheet] = []
        self.table_names: set[str] = set()
        self.right_to_left = self.words.direction == "rtl"
        self.numbers = NumberFormats.of(self.words.locale)
        self.paper_size = paper_size(contents.formats.locale)
        self.footer = footer
        self.workbook = Workbook()
        self.workbook.calculation.fullCalcOnLoad = False  # every value is in the file
        self.styles = StyleSheet(self.workbook, contents.theme, right_to_left=self.right_to_left)

    def page_points_high(self, characters: float) -> float:
        """How much of a sheet so many characters wide goes on an upright page, which shrinks it to its width."""
        wide, high = _PAPER_POINTS[self.paper_size]
        scale = min(1.0, (wide - _SIDE_MARGINS) / (characters * _POINTS_A_CHARACTER))
        return (high - _TOP_AND_BOTTOM_MARGINS) / scale

    def add_sheet(self, title: str) -> "Sheet":
        """A sheet at the end; its title made valid, and another than those before."""
        plain = " ".join(title.translate(_FORBIDDEN_IN_TITLES).split()).strip("'") or "Sheet"
        endings = itertools.chain([""], (f" {number}" for number in itertools.count(2)))
        candidates = (shortened(plain, _TITLE_LIMIT_CHARACTERS - len(ending)) + ending for ending in endings)
        taken = {sheet.title.casefold() for sheet in self.sheets}
        free = next(candidate for candidate in candidates if candidate.casefold() not in taken)
        worksheet = self.workbook.create_sheet() if self.sheets else self.workbook.worksheets[0]
        sheet = Sheet(self, worksheet, free)
        self.sheets.append(sheet)
        return sheet


class Sheet:
    """One worksheet, written row by row."""

    def __init__(self, book: Book, worksheet: Any, title: str) -> None:  # noqa: ANN401  # openpyxl's stubs know no half of it
        self.book, self.worksheet, self.title = book, worksheet, title
        self.rows_written = 0
        self.points_high = 0.0  # all rows together
        self.columns_written = 1
        self.rows: list[Iterable[str]] = []  # XML
        self.text_numbers: list[str] = []  # cells with ids, whose digits Excel is not to complain about
        worksheet.title = title
        worksheet.sheet_view.showGridLines = False
        worksheet.sheet_view.rightToLeft = book.right_to_left
        worksheet.sheet_view.tabSelected = not book.sheets
        worksheet.sheet_format.defaultRowHeight = _ROW_HEIGHT
        worksheet.sheet_format.customHeight = True

    def widths(self, *characters: float) -> None:
        for index, width in enumerate(characters, 1):
            self.worksheet.column_dimensions[get_column_letter(index)].width = width

    def printed(self, *, landscape: bool, repeat_header: bool, pages_wide: int = 1) -> None:
        """As wide as the paper, or as several that repeat the first column; its name above, page numbers below."""
        sheet = self.worksheet
        sheet.page_setup.orientation = "landscape" if landscape else "portrait"
        sheet.page_setup.paperSize = self.book.paper_size
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = pages_wide, 0
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_margins.left = sheet.page_margins.right = _MARGIN_INCHES
        sheet.page_margins.top, sheet.page_margins.bottom = _TOP_INCHES, _BOTTOM_INCHES
        sheet.page_margins.header = sheet.page_margins.footer = 0.4
        sheet.oddHeader.left.text = "&A"  # the sheet's name
        footer = shortened(self.book.footer, 2 * _FOOTER_LIMIT_CHARACTERS)
        sheet.HeaderFooter.scaleWithDoc = False
        sheet.oddFooter.left.text = footer.replace("&", "&&")  # & begins a code there
        sheet.oddFooter.right.text = "&P / &N"
        if repeat_header:
            sheet.print_title_rows = "1:1"
        if pages_wide > 1:
            sheet.print_title_cols = "A:A"
            sheet.page_setup.pageOrder = "overThenDown"

    @property
    def pages_wide(self) -> int:
        """On how many pages beside each other it is printed."""
        return int(self.worksheet.page_setup.fitToWidth or 1)

    def hide(self) -> None:
        """Keep it for those who look for it, and print no page of it."""
        self.worksheet.sheet_state = "hidden"

    @property
    def is_hidden(self) -> bool:
        return str(self.worksheet.sheet_state) == "hidden"

    def print_first(self, rows: int, *, of: int) -> None:
        """Print the head and the first of so many rows alone, and say so beside the sheet's name."""
        number = self.book.contents.formats.number
        said = self.book.words.ngettext(
            "the first %(printed)s of %(count)s row of this sheet",
            "the first %(printed)s of %(count)s rows of this sheet",
            of,
            printed=number(rows),
            count=number(of),
        )
        self.worksheet.oddHeader.left.text = f"&A · {said.replace('&', '&&')}"
        self.worksheet.print_area = f"A1:{get_column_letter(self.columns_written)}{rows + 1}"

    def append(self, values: Sequence[Value], styles: Sequence[Style], *, height: float | None = None) -> None:
        """One row; values and styles side by side, None leaves a styled cell empty."""
        self.append_many([values], styles, height=height, count=1)

    def append_many(
        self, rows: Iterable[Sequence[Value]], styles: Sequence[Style], *, count: int, height: float | None = None
    ) -> None:
        """Rows of one kind, *count* of them; they are read when the file is packed, one after another."""
        first = self.rows_written + 1
        self.rows_written += count
        self.points_high += count * (_ROW_HEIGHT if height is None else height)
        self.columns_written = max(self.columns_written, len(styles))
        self.rows.append(self._rows_xml(rows, styles, first=first, height=height))

    def append_wide(self, text: str, style: Style, *, columns: str, characters: int) -> None:
        """One text across some columns, such as `A:E`, as high as its lines need."""
        first, last = columns.split(":")
        blanks = [None] * (ord(first) - ord("A"))
        height = lines(text, characters) * style.size * _LINE_HEIGHT
        self.append([*blanks, text], [*[Style(rule=None)] * len(blanks), style], height=height)
        row = self.rows_written
        self.worksheet.merged_cells.add(f"{first}{row}:{last}{row}")

    def _rows_xml(
        self, rows: Iterable[Sequence[Value]], styles: Sequence[Style], *, first: int, height: float | None
    ) -> Iterator[str]:
        letters = [get_column_letter(index) for index in range(1, len(styles) + 1)]
        columns = list(zip(letters, map(self.book.styles.ids, styles), strict=True))
        tall = "" if height is None else f' ht="{height:g}" customHeight="1"'
        for number, values in enumerate(rows, first):
            pairs = zip(columns, values, strict=True)
            cells = [cell_xml(f"{letter}{number}", value, style) for (letter, style), value in pairs]
            yield f'<row r="{number}"{tall}>{"".join(cells)}</row>'


@dataclasses.dataclass(frozen=True, slots=True)
class Area:
    """A column of figures or texts on a sheet, for a chart or a formula."""

    sheet: str
    column: int  # from 1
    first_row: int
    last_row: int

    @property
    def reference(self) -> str:
        letter, quoted = get_column_letter(self.column), self.sheet.replace("'", "''")
        return f"'{quoted}'!${letter}${self.first_row}:${letter}${self.last_row}"


def lines(text: str, characters: int) -> int:
    """How many lines a text takes where so many characters stand beside each other; Excel shows no more than 27."""
    return min(max(1, -(-_columns(text) // characters)), _MOST_LINES)


def column_width(texts: Iterable[str | None], *, least: int, most: int) -> int:
    """Wide enough for the longest text."""
    longest = max((_columns(text or "") for text in texts), default=0)
    return min(max(longest + 2, least), most)


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
