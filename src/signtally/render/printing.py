"""From HTML to PDF: WeasyPrint, told what it would otherwise find out anew for every report."""

import contextlib
import functools
import gc
import logging
import os
import threading
import zlib
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

import cssselect2
import pydyf
from weasyprint import CSS, HTML
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from signtally.errors import SigntallyError
from signtally.render.drawing import Look, Picture
from signtally.render.drawn_cards import DrawnCards
from signtally.render.drawn_charts import SVG, DrawnChart
from signtally.render.drawn_lists import DrawnList
from signtally.render.drawn_tables import Block, DrawnTable
from signtally.render.pdf_structure import restructure
from signtally.render.shaped_text import LineWriter, shared_fonts
from signtally.render.table_layout import table_of

_STYLE_SHEETS_REMEMBERED = 200  # one a combination of colour, language and paper
_COMPRESSION = 6
_DRAWN: Mapping[str, type[DrawnCards] | type[DrawnList]] = {"cards": DrawnCards, "columns": DrawnList}  # by their class
# Pango's fonts are shared, and no two threads may use them at once; Python runs one of them at a time anyhow.
_ONE_AT_A_TIME = threading.Lock()


class ForbiddenUrlError(SigntallyError, RuntimeError):
    """The page asked for something outside itself: a fault in the template or in a logo."""


class _OwnImagesOnly(URLFetcher):  # type: ignore[misc]  # WeasyPrint is untyped
    """Hands out `data:` URIs and stops the rendering at anything else, `file:` and `https:` alike."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        if not url.startswith("data:"):
            raise FatalURLFetchingError(f"a report fetches nothing, and this one asked for {url[:200]}")
        return super().fetch(url, headers)


class _ReadyPage(HTML):  # type: ignore[misc]  # WeasyPrint is untyped
    """A page that is a tree already: ours is well-formed, and a browser's forgiving parser takes ten times as long."""

    def __init__(self, root: ET.Element) -> None:
        self.base_url = None
        self.url_fetcher = _OwnImagesOnly(allowed_protocols=["data"])
        self.media_type = "print"
        self.wrapper_element = cssselect2.ElementWrapper.from_html_root(root, content_language=None)
        self.etree_element = root


def printed(page: str, *, style: str, look: Look, identifier: bytes, made_at: int) -> bytes:
    """The PDF/UA file of a page in well-formed HTML.

    Its `<table class="drawn">` are drawn in the *look*. *made_at*, in seconds since 1970, dates the fonts in the file.
    Equal arguments, equal bytes. Raises ForbiddenUrlError.
    """
    with _ONE_AT_A_TIME, _without_collecting(), _dated(made_at):
        root = ET.fromstring(page)  # noqa: S314  # our own template's, without a DTD
        writer = LineWriter()
        tables = _draw_tables(root, look=look, writer=writer)
        charts = _draw_charts(root, look=look, writer=writer)
        pictures = _draw_pictures(root, look=look, writer=writer)
        rows = {
            f"drawn:{index}/{part}": block for index, blocks in enumerate(tables) for part, block in enumerate(blocks)
        }
        try:
            body: bytes = _ReadyPage(root).write_pdf(
                finisher=lambda _, pdf: _finish(pdf, [blocks[0].table for blocks in tables], pictures),
                font_config=shared_fonts(),
                stylesheets=[_style_sheet(style)],
                cache=rows | charts | pictures,
                pdf_identifier=identifier,
                pdf_variant="pdf/ua-1",
            )
        except FatalURLFetchingError as error:  # a BaseException, which retries and error handlers would let pass
            raise ForbiddenUrlError(str(error)) from None
    return body


def _draw_tables(root: ET.Element, *, look: Look, writer: LineWriter) -> list[list[Block]]:
    """Put pictures of rows in the place of the rows."""
    drawn: list[list[Block]] = []
    for element in root.iter("table"):
        if "drawn" not in element.get("class", "").split():
            continue
        blocks = list(DrawnTable(table_of(element), look=look, writer=writer).blocks())
        _replace_rows(element, f"drawn:{len(drawn)}", blocks)
        drawn.append(blocks)
    return drawn


def _draw_charts(root: ET.Element, *, look: Look, writer: LineWriter) -> dict[str, DrawnChart]:
    """Put a picture in the place of each SVG."""
    charts: dict[str, DrawnChart] = {}
    for parent in list(root.iter()):
        for index, svg in enumerate(parent):
            if svg.tag != f"{SVG}svg":
                continue
            name = f"chart:{len(charts)}"
            chart = charts[name] = DrawnChart(svg, look=look, writer=writer)
            parent[index] = _image(name, chart, description=chart.title)
    return charts


def _draw_pictures(root: ET.Element, *, look: Look, writer: LineWriter) -> dict[str, Picture]:
    """Put a picture in the place of cards and of columns; it stays within its element, which keeps its margins."""
    pictures: dict[str, Picture] = {}
    for element in root.iter("div"):
        drawn = _DRAWN.get(element.get("class", ""))
        if drawn is None:
            continue
        name = f"picture:{len(pictures)}"
        picture = pictures[name] = drawn(element, look=look, writer=writer)
        element.set("style", "display:block")  # of one picture, there is nothing to arrange
        element[:] = [_image(name, picture, description=name)]
        element.text = None
    return pictures


def _image(name: str, picture: Picture | DrawnChart, *, description: str) -> ET.Element:
    style = f"display:block;width:{picture.width:.2f}px;height:{picture.height:.2f}px"
    return ET.Element("img", {"src": name, "alt": description, "style": style})


def _replace_rows(table: ET.Element, name: str, blocks: list[Block]) -> None:
    css_class = table.get("class", "")
    table.clear()
    table.set("class", css_class)
    head, body = (ET.SubElement(table, tag) for tag in ("thead", "tbody"))
    for part, block in enumerate(blocks):
        row = ET.SubElement(body if part else head, "tr")
        cell = ET.SubElement(row, "td")
        style = f"width:{block.table.look.width:.2f}px;height:{block.height:.2f}px"
        ET.SubElement(cell, "img", {"src": f"{name}/{part}", "alt": name, "style": style})


@functools.lru_cache(_STYLE_SHEETS_REMEMBERED)
def _style_sheet(style: str) -> CSS:
    return CSS(string=style, font_config=shared_fonts())


def _finish(pdf: pydyf.PDF, tables: list[DrawnTable], pictures: dict[str, Picture]) -> None:
    restructure(pdf, tables, pictures)
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
