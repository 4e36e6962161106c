"""A workbook read back: its tables as Excel sees them, their totals as a program would calculate them."""

import dataclasses
import functools
import io
import re
from collections.abc import Iterator, Sequence

from openpyxl import Workbook, load_workbook
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.table import Table
from openpyxl.worksheet.worksheet import Worksheet

from signtally.domain.snapshot import UsageSnapshot
from signtally.render.files import render
from tests.support.report_samples import IDENTITY

_SUBTOTAL = re.compile(r"SUBTOTAL\((\d+),((?:\w+\[(?:\[(?:'.|[^'\]])*\]|(?:'.|[^'\]])*)\],?)+)\)")
_REFERENCE = re.compile(r"(\w+)\[((?:'.|[^'\]])+|\[(?:'.|[^'\]])*\])\]")
_GUARDED = re.compile(r'=IFERROR\((SUBTOTAL\([^/]+\)),""\)')
_FRACTION = re.compile(r'=IFERROR\((SUBTOTAL\(.+\))/(SUBTOTAL\(.+\)),""\)')


@dataclasses.dataclass(frozen=True)
class ReadTable:
    """One table: headings, rows, and the totals' cells, None where it has none."""

    name: str
    headings: list[str]
    rows: Sequence[tuple[object, ...]]
    totals: tuple[object, ...] | None

    def column(self, heading: str) -> list[object]:
        index = self.headings.index(heading)
        return [row[index] for row in self.rows]


class ReadBook:
    """A report's workbook, with the values that programs show which do not calculate."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.shown: Workbook = load_workbook(io.BytesIO(body), data_only=True)

    @classmethod
    def of(cls, report: UsageSnapshot) -> "ReadBook":
        return cls(render("xlsx", report, IDENTITY).body)

    @functools.cached_property
    def _written(self) -> Workbook:
        """With the formulas; few tests need them, and reading a book takes as long as writing it."""
        return load_workbook(io.BytesIO(self._body))

    @property
    def tables(self) -> dict[str, ReadTable]:
        return {name: _read(sheet, table) for name, sheet, table in _all_tables(self.shown)}

    @property
    def calculated_totals(self) -> dict[str, tuple[object, ...]]:
        """The totals of each table that has any, calculated from its rows."""
        tables = self.tables
        found = {}
        for name, sheet, table in _all_tables(self._written):
            cells = _read(sheet, table).totals
            if cells is not None:
                found[name] = tuple(_calculated(cell, tables) for cell in cells)
        return found


def _all_tables(book: Workbook) -> Iterator[tuple[str, Worksheet, Table]]:
    for sheet in book.worksheets:
        for name in sheet.tables:
            yield name, sheet, sheet.tables[name]


def _read(sheet: Worksheet, table: Table) -> ReadTable:
    first_column, first_row, last_column, last_row = range_boundaries(table.ref)
    cells = sheet.iter_rows(first_row, last_row, first_column, last_column, values_only=True)
    head, *rows = [tuple(row) for row in cells]
    totals = rows.pop() if table.totalsRowCount else None
    return ReadTable(str(table.name), [str(heading) for heading in head], rows, totals)


def _calculated(cell: object, tables: dict[str, ReadTable]) -> object:
    if not isinstance(cell, str) or not cell.startswith("="):
        return cell
    if match := _FRACTION.fullmatch(cell):
        part, whole = (_subtotal(text, tables) for text in match.groups())
        return part / whole if whole and part is not None else None
    if match := _GUARDED.fullmatch(cell):
        return _subtotal(match[1], tables)
    return _subtotal(cell.removeprefix("="), tables)


def _subtotal(formula: str, tables: dict[str, ReadTable]) -> float | None:
    match = _SUBTOTAL.fullmatch(formula)
    assert match, formula
    cells = [cell for name, heading in _REFERENCE.findall(match[2]) for cell in _cells(tables[name], heading)]
    numbers = [cell for cell in cells if isinstance(cell, int | float)]
    match match[1]:
        case "109":
            return sum(numbers)
        case "103":
            return len([cell for cell in cells if cell is not None])
        case _:
            return sum(numbers) / len(numbers) if numbers else None


def _cells(table: ReadTable, reference: str) -> list[object]:
    heading = reference[1:-1] if reference.startswith("[") else reference
    return table.column(re.sub(r"'(.)", r"\1", heading))
