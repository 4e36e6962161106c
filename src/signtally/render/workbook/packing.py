"""The workbook's file: openpyxl's parts, rows streamed into their sheets, equal bytes for equal content."""

import datetime as dt
import io
import itertools
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.dimensions import SheetDimension
from openpyxl.writer.excel import ExcelWriter
from openpyxl.xml.functions import Element, SubElement

from signtally.render.workbook.sheets import Book, Sheet

_EARLIEST_ZIP_YEAR = 1980
_NO_ROWS = b"<sheetData></sheetData>"  # what openpyxl writes of a sheet without cells
_ROWS_A_CHUNK = 500


def packed(book: Book, *, made_at: dt.datetime) -> bytes:
    """The file's bytes, dated by the report instead of by the clock."""
    made = made_at.astimezone(dt.UTC).replace(tzinfo=None, microsecond=0)
    book.workbook.properties.created = book.workbook.properties.modified = made
    body = io.BytesIO()
    _Writer(book, _DatedZip(body, made)).save()
    return body.getvalue()


class _Writer(ExcelWriter):
    def __init__(self, book: Book, archive: "_DatedZip") -> None:
        super().__init__(book.workbook, archive)
        self._zip = archive
        self._sheets = {sheet.title: sheet for sheet in book.sheets}

    def write_worksheet(self, ws: Any) -> None:  # noqa: ANN401  # openpyxl's own signature
        """The sheet as openpyxl writes it, with our rows where it has none."""
        sheet = self._sheets[ws.title]
        ws._drawing = _Drawing()  # noqa: SLF001  # as the method that this one replaces
        ws._drawing.charts = ws._charts  # noqa: SLF001
        ws._drawing.images = ws._images  # noqa: SLF001
        frame = io.BytesIO()
        writer: Any = _SheetWriter(sheet, frame)
        writer.write()
        ws._rels = writer._rels  # noqa: SLF001
        before, rows, after = frame.getvalue().partition(_NO_ROWS)
        if not rows:
            raise ValueError(f"openpyxl wrote rows of its own into the sheet {ws.title!r}")
        chunks = itertools.chain([before, b"<sheetData>"], _chunks(sheet), [b"</sheetData>", after])
        self._zip.write_chunks(ws.path[1:], chunks)
        self.manifest.append(ws)


def _chunks(sheet: Sheet) -> Iterator[bytes]:
    rows = itertools.chain.from_iterable(sheet.rows)
    while chunk := list(itertools.islice(rows, _ROWS_A_CHUNK)):
        yield "".join(chunk).encode()


class _SheetWriter(WorksheetWriter):
    """Adds what openpyxl leaves out: the true size of the sheet, and which texts are meant to look like numbers."""

    def __init__(self, sheet: Sheet, out: io.BytesIO) -> None:
        super().__init__(sheet.worksheet, out=out)
        self._sheet = sheet

    def write_dimensions(self) -> None:
        last = get_column_letter(self._sheet.columns_written)
        self.xf.send(SheetDimension(f"A1:{last}{max(self._sheet.rows_written, 1)}").to_tree())

    def write_drawings(self) -> None:
        if self._sheet.text_numbers:
            ignored = Element("ignoredErrors")  # openpyxl's own class loses the cells
            for cells in self._sheet.text_numbers:
                SubElement(ignored, "ignoredError", {"sqref": cells, "numberStoredAsText": "1"})
            self.xf.send(ignored)
        super().write_drawings()


class _Drawing(SpreadsheetDrawing):
    """Gives every chart its text for those who do not see it."""

    __elements__ = SpreadsheetDrawing.__elements__  # openpyxl makes no use of inherited ones

    def _chart_frame(self, idx: int) -> Any:  # noqa: ANN401  # openpyxl's own signature
        frame: Any = super()._chart_frame(idx)  # type: ignore[misc]  # openpyxl's stubs leave it out
        frame.nvGraphicFramePr.cNvPr.descr = self.charts[idx - 1].alternative_text
        return frame


class _DatedZip(zipfile.ZipFile):
    """Every entry carries the same date, so that equal content gives equal bytes."""

    def __init__(self, file: io.BytesIO, date: dt.datetime) -> None:
        super().__init__(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        self._date = date.replace(year=max(date.year, _EARLIEST_ZIP_YEAR)).timetuple()[:6]

    def writestr(self, name: str, data: str | bytes) -> None:  # type: ignore[override]  # openpyxl gives these two
        super().writestr(self._entry(name), data)

    def write_chunks(self, name: str, chunks: Iterable[bytes]) -> None:
        with self.open(self._entry(name), "w", force_zip64=True) as target:
            for chunk in chunks:
                target.write(chunk)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, date_time=self._date)
        entry.compress_type = zipfile.ZIP_DEFLATED
        return entry
