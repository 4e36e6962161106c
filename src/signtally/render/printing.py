"""From the report's HTML to PDF: drawn page by page, written by WeasyPrint's own writer."""

import contextlib
import dataclasses
import gc
import logging
import os
import threading
import zlib
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

import pydyf
from weasyprint.document import Document
from weasyprint.pdf.metadata import DocumentMetadata
from weasyprint.pdf.stream import Stream

from signtally.render.drawing import Canvas, Look, PlacedLine, at_start
from signtally.render.drawn_texts import TextStyle
from signtally.render.fitted_text import fitted
from signtally.render.installed_fonts import shared_fonts
from signtally.render.pagination import Placed, paginated
from signtally.render.paper import Paper, pixels
from signtally.render.pdf_structure import write_structure
from signtally.render.report_flow import ReportFlow
from signtally.render.shaped_text import LineWriter, shaped

_SIDE_MARGIN, _TOP_MARGIN, _BOTTOM_MARGIN, _FOOTER_BELOW, _NUMBERS_WIDTH = (
    pixels(each) for each in (16, 15, 19, 4, 24)
)
_FOOTER = TextStyle(7.5, colour="muted")
_COMPRESSION = 6
# Pango's fonts are shared, and no two threads may use them at once; Python runs one of them at a time anyhow.
_ONE_AT_A_TIME = threading.Lock()


def printed(page: str, *, paper: Paper, look: Look, identifier: bytes, made_at: int) -> bytes:
    """The PDF/UA file of a report in well-formed HTML, in a *look* whose width is that of upright pages' text.

    *made_at*, in seconds since 1970, dates the fonts in the file. Equal arguments, equal bytes. Raises ValueError for
    HTML that the report's template does not write.
    """
    with _ONE_AT_A_TIME, _without_collecting(), _dated(made_at):
        root = ET.fromstring(page)  # noqa: S314  # our own template's, without a DTD
        turned, writer = paper.turned, LineWriter()
        wide = dataclasses.replace(look, width=text_width(turned))
        flow = ReportFlow(_body(root), look=look, wide=wide)
        found = paginated(flow.blocks, height=_text_height(paper), wide_height=_text_height(turned))
        sheets = [_Sheet(turned, wide) if each.is_wide else _Sheet(paper, look) for each in found]
        footer = _Footer(flow.footer, pages=len(found))
        pages = [
            _Page(each.placed, footer, number=number, sheet=sheet, writer=writer)
            for number, (each, sheet) in enumerate(zip(found, sheets, strict=True))
        ]
        document = Document(pages, _metadata(root), None, shared_fonts(), {}, None)
        document.fonts = writer.fonts
        written: bytes = document.write_pdf(
            finisher=lambda _, pdf: _finish(pdf, document.metadata, flow, pages),
            pdf_identifier=identifier,
            pdf_version="1.7",
        )
    return written


@dataclasses.dataclass(frozen=True, slots=True)
class _Sheet:
    """What a page is printed on, upright or in landscape, and the look of what runs across it."""

    paper: Paper
    look: Look


class _Page:
    """A page in the terms of WeasyPrint's writer, which asks for its size and its bookmarks, and has it painted."""

    def __init__(
        self, placed: Sequence[Placed], footer: "_Footer", *, number: int, sheet: _Sheet, writer: LineWriter
    ) -> None:
        self.width, self.height = pixels(sheet.paper.width_mm), pixels(sheet.paper.height_mm)
        self.bleed = dict.fromkeys(("top", "right", "bottom", "left"), 0)
        self.links: list[object] = []
        self.anchors: dict[str, object] = {}
        self.forms: dict[None, list[object]] = {None: []}
        self.bookmarks = [
            (*each.block.bookmark, (_SIDE_MARGIN, _TOP_MARGIN + each.top), "open")
            for each in placed
            if each.block and each.block.bookmark
        ]
        self.marks = 0  # of content that is read aloud, once painted
        self._placed, self._footer, self._number, self._look, self._writer = placed, footer, number, sheet.look, writer

    def paint(self, stream: Stream, scale: float) -> None:
        stream.stream.append(b"q %.2f 0 0 %.2f 0 0 cm" % (scale, scale))
        canvas = Canvas(stream, self._writer, page=self._number, height=self.height)
        for each in self._placed:
            with canvas.at(_SIDE_MARGIN, _TOP_MARGIN + each.top):
                read = each.picture.draw(canvas)
                if each.block:
                    each.block.element.kids += read
        with canvas.at(_SIDE_MARGIN, self.height - _BOTTOM_MARGIN + _FOOTER_BELOW):
            self._footer.draw(canvas, page=self._number + 1, look=self._look)
        stream.stream.append(b"Q")
        self.marks = canvas.marks


class _Footer:
    """What stands below every page: whose report of which period, and the number of the page."""

    def __init__(self, text: str, *, pages: int) -> None:
        self._text, self._pages = text, pages

    def draw(self, canvas: Canvas, *, page: int, look: Look) -> None:
        face, colour = _FOOTER.face(look), _FOOTER.operands(look)
        text, number = fitted(self._text, face, look.width - _NUMBERS_WIDTH), shaped(f"{page} / {self._pages}", face)
        lines = [
            PlacedLine(line, at_start(look, line, left=0.0, width=look.width, offset=offset), face.baseline, colour)
            for line, offset in ((text, 0.0), (number, look.width - number.width))
        ]
        canvas.unread(line.drawn(canvas) for line in lines)
        canvas.draw_emojis(lines)


def text_width(paper: Paper) -> float:
    """Between its margins, in CSS pixels."""
    return pixels(paper.width_mm) - 2 * _SIDE_MARGIN


def _text_height(paper: Paper) -> float:
    return pixels(paper.height_mm) - _TOP_MARGIN - _BOTTOM_MARGIN


def _body(root: ET.Element) -> ET.Element:
    body = root.find("body")
    if body is None:
        raise ValueError("the report's template has no <body>")
    return body


def _metadata(root: ET.Element) -> DocumentMetadata:
    """What the head of the page says of the document."""
    said = {meta.get("name"): meta.get("content") for meta in root.iter("meta")}
    return DocumentMetadata(
        title=root.findtext("head/title"),
        authors=[said["author"]],
        description=said["description"],
        keywords=[each.strip() for each in (said["keywords"] or "").split(",")],
        generator=said["generator"],
        created=said["dcterms.created"],
        modified=said["dcterms.modified"],
        lang=root.get("lang"),
    )


def _finish(pdf: pydyf.PDF, metadata: DocumentMetadata, flow: ReportFlow, pages: Sequence[_Page]) -> None:
    write_structure(pdf, flow.root, marks=[page.marks for page in pages])
    metadata.include_in_pdf(pdf, "ua", 1, conformance=None, compress=False)
    _compress_once(pdf)


def _compress_once(pdf: pydyf.PDF) -> None:
    """Pydyf compresses each stream twice, for the file and for the digest in its identifier."""
    for stream in pdf.objects:
        if isinstance(stream, pydyf.Stream) and stream.compress:
            stream.compress = False
            plain = b"\n".join(_bytes(item) for item in stream.stream)
            stream.stream = [zlib.compress(plain, _COMPRESSION)]
            stream.extra = {**stream.extra, "Filter": "/FlateDecode"}


def _bytes(item: object) -> bytes:
    if isinstance(item, bytes):
        return item
    return item.data if isinstance(item, pydyf.Object) else str(item).encode()


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    """A page is hundreds of thousands of objects that live until it is written; looking for garbage finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextlib.contextmanager
def _dated(seconds: int) -> Iterator[None]:
    """FontTools dates the fonts that it cuts (those of emoji) with the present unless told otherwise."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(seconds)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before


# A font that lacks a property or a CSS rule for screens is no news to an operator.
logging.getLogger("weasyprint").setLevel(logging.ERROR)
logging.getLogger("fontTools").setLevel(logging.ERROR)
