"""Tables of a workbook: Excel's own, with names, a filter, and totals that follow it."""

import dataclasses
import itertools
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.table import Table as ExcelTable
from openpyxl.worksheet.table import TableColumn, TableFormula

from signtally.render.visible_text import one_line
from signtally.render.workbook.cells import Formula, Value
from signtally.render.workbook.sheets import Area, Book, Sheet, column_width, lines
from signtally.render.workbook.styles import HEAD, HEAD_OF_FIGURES, TOTAL, TOTAL_FIGURE, Style

# Excel's limit is 1,048,576 with the header; the totals follow on the last sheet.
MOST_ROWS_PER_SHEET = 1_000_000
_MOST_ROWS_PRINTED = 200  # of a table; who prints a workbook wants a few pages, and to know that there is more
_HEADER_LINE = 16  # points
_BUTTON_WIDTH, _WIDEST_WORD = 2, 24  # characters
_MOST_COLUMNS_UPRIGHT = 12  # more would be too small on paper that stands
_WIDEST_PAGE = 270  # characters; more would be too small on any
_HEAD_BESIDE_BUTTON = dataclasses.replace(HEAD_OF_FIGURES, indent=2)  # the filter's, at the end of its cell
_SUBTOTALS = {"sum": 109, "average": 101, "count": 103}  # Excel's; they leave out what a filter hides
_NEED_BRACKETS = frozenset("\t\r\n,:.[]#'\"{}$^&*+=-><@/()")
_ESCAPED = str.maketrans({each: f"'{each}" for each in "[]#'@"})


@dataclasses.dataclass(frozen=True, slots=True)
class Total:
    """What stands below a column: the rows' sum, average or number, as a formula with its value beside it."""

    function: Literal["sum", "average", "count"]
    value: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """The quotient of two other columns' sums, by their headings; *value* is None where there is nothing to divide."""

    part: str
    whole: str
    value: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column; a text as *total* is what the totals are called, or whose they are."""

    heading: str
    style: Style
    width: float
    total: Total | Share | str | None = None
    is_id: bool = False  # digits in it are no number

    @property
    def is_figure(self) -> bool:
        return self.style.align == "units"


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows under headings; *name* stays the same in every language, for formulas and queries."""

    name: str
    title: str  # the sheet's
    columns: Sequence[Column]
    rows: Iterable[Sequence[Value]]  # read once, when the file is packed
    row_count: int
    frozen: str = "A2"
    most_printed: int = _MOST_ROWS_PRINTED
    is_idle: bool = False  # nothing but zeros in it: as one without rows it is hidden

    @property
    def has_totals(self) -> bool:
        return any(column.total is not None for column in self.columns)


def add_table(book: Book, table: Table) -> Sheet:
    """The table on a sheet of its own, or on several when there are more rows than a sheet has; the first of them."""
    columns = _with_distinct_headings(table.columns)
    rows = iter(table.rows)
    counts = _rows_per_sheet(table.row_count)
    names = [table.name if part == 1 else f"{table.name}_{part}" for part in range(1, len(counts) + 1)]
    sheets = []
    for name, count in zip(names, counts, strict=True):
        sheet = book.add_sheet(table.title)
        sheets.append(sheet)
        _set_up(sheet, columns, frozen=table.frozen)
        chunk = itertools.islice(rows, count) if table.row_count else iter([[None] * len(columns)])
        sheet.append_many(chunk, [column.style for column in columns], count=count)
        last = name == names[-1] and table.has_totals
        if last:
            _append_totals(sheet, columns, names)
        most_printed = table.most_printed // sheet.pages_wide
        if count > most_printed:
            sheet.print_first(most_printed, of=count)
        _declare(sheet, columns, name=name, names=names if last else None)
        if table.is_idle or not table.row_count:
            sheet.hide()
    return sheets[0]


def area(sheet: Sheet, table: Table, column: int, *, rows: int | None = None) -> Area:
    """The cells of a column (from 1), or the first *rows* of them."""
    count = table.row_count if rows is None else min(rows, table.row_count)
    return Area(sheet.title, column, 2, 1 + max(count, 1))


def _rows_per_sheet(count: int) -> list[int]:
    """A table without rows has an empty one, as Excel itself insists."""
    full, rest = divmod(max(count, 1), MOST_ROWS_PER_SHEET)
    return [MOST_ROWS_PER_SHEET] * full + ([rest] if rest else [])


def _with_distinct_headings(columns: Sequence[Column]) -> list[Column]:
    """Excel repairs a file whose table has two equal headings, or an empty one."""
    taken: set[str] = set()
    distinct = []
    for index, column in enumerate(columns, 1):
        plain = one_line(column.heading) or f"Column {index}"
        names = itertools.chain([plain], (f"{plain} {number}" for number in itertools.count(2)))
        heading = next(name for name in names if name.casefold() not in taken)
        taken.add(heading.casefold())
        distinct.append(dataclasses.replace(column, heading=heading))
    return distinct


def _set_up(sheet: Sheet, columns: Sequence[Column], *, frozen: str) -> None:
    widths = [_width(column) for column in columns]
    sheet.widths(*widths)
    sheet.printed(
        landscape=len(columns) > _MOST_COLUMNS_UPRIGHT,
        repeat_header=True,
        pages_wide=1 if sum(widths) <= _WIDEST_PAGE else 2,
    )
    sheet.worksheet.freeze_panes = frozen
    pairs = zip(columns, widths, strict=True)
    height = 4 + _HEADER_LINE * max(
        _heading_lines(column.heading, int(width) - _BUTTON_WIDTH) for column, width in pairs
    )
    head = HEAD_OF_FIGURES if sheet.book.right_to_left else _HEAD_BESIDE_BUTTON
    styles = [head if column.is_figure else dataclasses.replace(HEAD, indent=column.style.indent) for column in columns]
    sheet.append([column.heading for column in columns], styles, height=height)


def _heading_lines(heading: str, characters: int) -> int:
    """As many as Excel makes of it, which breaks between words."""
    return max(lines(heading, characters), len(textwrap.wrap(heading, characters)))


def _width(column: Column) -> float:
    """The column's own, or as much as the longest word of its heading needs beside the filter's button."""
    words = column.heading.split()
    return max(column.width, column_width(words, least=0, most=_WIDEST_WORD) + _BUTTON_WIDTH)


def _append_totals(sheet: Sheet, columns: Sequence[Column], names: Sequence[str]) -> None:
    values = [_total_cell(column, names) for column in columns]
    figures = [dataclasses.replace(TOTAL_FIGURE, number_format=_total_format(column)) for column in columns]
    texts = [column.total is None or isinstance(column.total, str) for column in columns]
    sheet.append(values, [TOTAL if text else figure for text, figure in zip(texts, figures, strict=True)])


def _total_format(column: Column) -> str:
    counted = isinstance(column.total, Total) and column.total.function == "count"
    return "#,##0" if counted else column.style.number_format


def _total_cell(column: Column, names: Sequence[str]) -> Value:
    match column.total:
        case Total(_, value) | Share(_, _, value):
            return Formula(_formula(column, names), value)
        case label:
            return label


def _formula(column: Column, names: Sequence[str]) -> str:
    match column.total:
        case Total("average", _):
            return f'IFERROR({_subtotal("average", column.heading, names)},"")'
        case Total(function, _):
            return _subtotal(function, column.heading, names)
        case Share(part, whole, _):
            return f'IFERROR({_subtotal("sum", part, names)}/{_subtotal("sum", whole, names)},"")'
        case _:
            return ""


def _subtotal(function: str, heading: str, names: Sequence[str]) -> str:
    name = heading.translate(_ESCAPED)
    inner = f"[{name}]" if _NEED_BRACKETS & set(heading) else name
    return f"SUBTOTAL({_SUBTOTALS[function]},{','.join(f'{table}[{inner}]' for table in names)})"


def _declare(sheet: Sheet, columns: Sequence[Column], *, name: str, names: Sequence[str] | None) -> None:
    """Make the rows Excel's own table; *names* are those of all parts where the totals stand below this one."""
    book, last_column = sheet.book, get_column_letter(len(columns))
    last_row = sheet.rows_written - (names is not None)
    reference = f"A1:{last_column}{sheet.rows_written}"
    table = ExcelTable(displayName=name, ref=reference, totalsRowShown=False)
    table.totalsRowCount = 1 if names else None
    if names:
        table.totalsRowShown = None
    table.autoFilter = AutoFilter(ref=f"A1:{last_column}{last_row}")
    table.tableColumns = list(_declared_columns(columns, names))
    sheet.worksheet.add_table(table)
    book.table_names.add(name)
    for index, column in enumerate(columns, 1):
        if column.is_id:
            letter = get_column_letter(index)
            sheet.text_numbers.append(f"{letter}2:{letter}{last_row}")


def _declared_columns(columns: Sequence[Column], names: Sequence[str] | None) -> Iterator[TableColumn]:
    for index, column in enumerate(columns, 1):
        declared = TableColumn(id=index, name=column.heading)
        match column.total if names else None:
            case str(label):
                declared.totalsRowLabel = label
            case Total(("sum" | "count") as function, _) if names is not None and len(names) == 1:
                declared.totalsRowFunction = function
            case Total() | Share():
                declared.totalsRowFunction = "custom"
                declared.totalsRowFormula = TableFormula(attr_text=_formula(column, names or ()))
        yield declared
