"""Reads a finished file again, before it counts: whether it is whole, of this report, and adds up to its totals.

Each format is read by another program than wrote it, so that a fault of the writer does not hide itself.
"""

import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from xml.parsers import expat

import polars as pl

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.snapshot import ReportIdentity, UsageSnapshot
from signtally.errors import SigntallyError
from signtally.render.csv import separator
from signtally.render.formats import Formats

_TABLES = ("Users", "Days")
_CHUNK_BYTES = 1 << 20
_OF_ROWS = frozenset({"user_id", "document_id", "day"})


class WrongFileError(SigntallyError, RuntimeError):
    """A finished file is damaged, blank, of another report, or does not add up; it must not be stored."""


def verify(format: str, body: bytes, snapshot: UsageSnapshot, identity: ReportIdentity) -> None:  # noqa: A002 -- the API's word
    """Nothing when all is well. Raises WrongFileError, which says what is wrong."""
    try:
        _CHECKS[format](body, snapshot, identity)
    except WrongFileError as error:
        raise WrongFileError(f"the {format} file of {identity.report_id} is wrong: {error}") from None
    except Exception as error:
        raise WrongFileError(f"the {format} file of {identity.report_id} cannot be read again: {error!r}") from error


def _check_pdf(body: bytes, snapshot: UsageSnapshot, identity: ReportIdentity) -> None:
    import pypdfium2  # noqa: PLC0415 -- only who makes PDFs pays for it

    document = pypdfium2.PdfDocument(body)
    try:
        _same("the report", identity.report_id in document.get_metadata_dict()["Subject"], expected=True)
        pages = [_solid(page.get_textpage().get_text_range()) for page in document]
    finally:
        document.close()
    if not pages or not all(pages):
        raise WrongFileError(f"{pages.count('')} of {len(pages)} pages are blank")
    text, formats = "".join(pages), Formats.of(snapshot.tenant)
    for name, total in zip(MEASURES, snapshot.totals.as_tuple(), strict=True):
        if _solid(formats.number(total)) not in text:
            raise WrongFileError(f"the total of {name}, {total}, is not printed")


def _check_xlsx(body: bytes, snapshot: UsageSnapshot, identity: ReportIdentity) -> None:
    archive = zipfile.ZipFile(io.BytesIO(body))
    parts = {name: _well_formed(archive, name) for name in archive.namelist()}
    _same("the report", identity.report_id in parts["docProps/core.xml"].decode(), expected=True)
    rows = {"Users": len(snapshot.users), "Days": len(snapshot.days)}
    for table in _TABLES:
        sheets = _sheets_of(table, parts)
        measured = _check_totals(table, [parts[sheet] for _, sheet in sheets], totals=snapshot.totals)
        found = sum(_rows(xml) for xml, _ in sheets)
        _same(f"rows of {table}", found, expected=max(rows[table], 1))  # an empty table has one
        sums = [sum(column) for column in zip(*(_sums(archive, sheet, measured) for _, sheet in sheets), strict=True)]
        _same(f"sums of {table}", tuple(sums), expected=snapshot.totals.as_tuple())


def _well_formed(archive: zipfile.ZipFile, name: str) -> bytes:
    """The part, or the end of a long one; its checksum is compared meanwhile, and what is XML is parsed."""
    parser = expat.ParserCreate() if name.endswith((".xml", ".rels")) else None
    kept = b""
    with archive.open(name) as part:
        while chunk := part.read(_CHUNK_BYTES):
            if parser:
                parser.Parse(chunk)
            kept = kept[-_CHUNK_BYTES:] + chunk
    if parser:
        parser.Parse(b"", True)  # noqa: FBT003 -- expat takes no keywords
    return kept


def _sheets_of(table: str, parts: Mapping[str, bytes]) -> list[tuple[bytes, str]]:
    """The XML of each part of a table, which goes on in further sheets when it is long, and its sheet's name."""
    named = re.compile(rf'<table id="\d+" name="{table}(_\d+)?"'.encode())
    found = {f'"/{name}"'.encode(): part for name, part in parts.items() if "/tables/" in name and named.match(part)}
    return [
        (xml, name.replace("_rels/", "").removesuffix(".rels"))
        for name, links in parts.items()
        if "/worksheets/_rels/" in name
        for target, xml in found.items()
        if target in links
    ]


def _check_totals(table: str, ends: list[bytes], *, totals: Counts) -> list[bytes]:
    """The columns of the measures, whose formulas at the end of the sheets must carry the totals as their values."""
    formula = rf'<c r="([A-Z]+)\d+" s="\d+"><f>SUBTOTAL\(109,{table}\[[^<]*</f><v>(\d+)</v>'.encode()
    measured = [found for end in ends for found in re.findall(formula, end)][: len(MEASURES)]
    _same(f"totals of {table}", tuple(int(value) for _, value in measured), expected=totals.as_tuple())
    return [column for column, _ in measured]


def _rows(table_xml: bytes) -> int:
    """Of the table's range, without its header and its totals."""
    first, last = re.findall(rb' ref="[A-Z]+(\d+):[A-Z]+(\d+)"', table_xml)[0]
    return int(last) - int(first) - (b'totalsRowCount="1"' in table_xml)


def _sums(archive: zipfile.ZipFile, sheet: str, columns: list[bytes]) -> list[int]:
    """Of a sheet's cells that are whole numbers, read row by row: a long sheet is large once it is unpacked."""
    cells = [re.compile(rb'<c r="%s\d+" s="\d+"><v>(\d+)</v>' % column) for column in columns]
    sums, rest = [0] * len(columns), b""
    with archive.open(sheet) as part:
        while chunk := part.read(_CHUNK_BYTES):
            rows, end, rest = (rest + chunk).rpartition(b"</row>")
            if not end:
                continue
            sums = [total + sum(map(int, cell.findall(rows))) for total, cell in zip(sums, cells, strict=True)]
    return sums


def _check_csv(body: bytes, snapshot: UsageSnapshot, identity: ReportIdentity) -> None:
    frame = _frame(body, snapshot, "report_id", *MEASURES)
    _check_frame("users", frame, rows=len(snapshot.users), totals=snapshot.totals)
    _same("reports", {*frame["report_id"].unique()} - {identity.report_id}, expected=set())


def _check_zip(body: bytes, snapshot: UsageSnapshot, identity: ReportIdentity) -> None:
    archive = zipfile.ZipFile(io.BytesIO(body))
    parts = {name: archive.read(name) for name in archive.namelist()}
    _check_csv(parts["users.csv"], snapshot, identity)
    _check_frame(
        "days", _frame(parts["days.csv"], snapshot, *MEASURES), rows=len(snapshot.days), totals=snapshot.totals
    )
    _same(
        "rows of documents",
        _frame(parts["documents.csv"], snapshot, "document_id").height,
        expected=snapshot.documents.height,
    )
    _check_about(json.loads(parts["about.json"]), snapshot, identity)


def _check_json(body: bytes, snapshot: UsageSnapshot, identity: ReportIdentity) -> None:
    document = json.loads(body, object_hook=_without_rows)
    _check_about(document["about"], snapshot, identity)
    for name, rows in (("users", snapshot.users), ("days", snapshot.days), ("documents", snapshot.documents)):
        _same(f"rows of {name}", len(document[name]), expected=len(rows))
    _same("totals", tuple(document["totals"][name] for name in MEASURES), expected=snapshot.totals.as_tuple())


def _without_rows(found: dict[str, object]) -> dict[str, object] | None:
    """Rows are counted and need no room; what is said of the whole stays."""
    return None if _OF_ROWS & found.keys() else found


def _check_about(about: Mapping[str, object], snapshot: UsageSnapshot, identity: ReportIdentity) -> None:
    _same("the report", (about["report_id"], about["version"]), expected=(identity.report_id, identity.version))
    expected = dict(zip(MEASURES, snapshot.totals.as_tuple(), strict=True))
    _same("control totals", about["control_totals"], expected=expected)


def _check_frame(what: str, frame: pl.DataFrame, *, rows: int, totals: Counts) -> None:
    _same(f"rows of {what}", frame.height, expected=rows)
    sums = tuple(frame[measure].cast(pl.Int64).sum() for measure in MEASURES)
    _same(f"sums of {what}", sums, expected=totals.as_tuple())


def _frame(table: bytes, snapshot: UsageSnapshot, *columns: str) -> pl.DataFrame:
    return pl.read_csv(table, columns=[*columns], separator=separator(snapshot.tenant), infer_schema=False)


def _same(what: str, found: object, *, expected: object) -> None:
    if found != expected:
        raise WrongFileError(f"{what}: {found!r} instead of {expected!r}")


class _Seen(dict[int, int | None]):
    """Of each character, itself or None where it cannot be seen: looked up once, then as fast as a translation is."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.category(chr(code))[0] in "ZC" else code
        return self[code]


_SEEN = _Seen()


def _solid(text: str) -> str:
    """Without what a reader of PDFs may add or leave out: spaces, and characters that cannot be seen."""
    return text.translate(_SEEN)


_CHECKS: Mapping[str, Callable[[bytes, UsageSnapshot, ReportIdentity], None]] = {
    "pdf": _check_pdf,
    "xlsx": _check_xlsx,
    "csv": _check_csv,
    "zip": _check_zip,
    "json": _check_json,
}
