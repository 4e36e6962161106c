"""Lines of text as the PDF shows them: measured and shaped by Pango once a text and face, drawn as often as needed.

WeasyPrint shapes every text twice, once to lay it out and once to draw it. Most cells of a report say the same few
hundred things ("0", "12", "Completed"), so a cell that is drawn from here costs a tenth.
"""

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Callable, Iterator

from weasyprint.draw.text import draw_emojis, draw_first_line
from weasyprint.matrix import Matrix
from weasyprint.pdf.fonts import Font
from weasyprint.pdf.stream import Stream
from weasyprint.text.ffi import ffi
from weasyprint.text.line_break import split_first_line

from signtally.render.faces import Face, PangoStyle, pango_style
from signtally.render.installed_fonts import InstalledFont, installed_font

LINES_REMEMBERED = 20_000  # about 1 KB each
_GLYPHS = re.compile(r"<([0-9a-f]+)>")
_JOINING, _TO_THE_LEFT = frozenset({"Mn", "Mc"}), frozenset({"R", "AL"})
_NO_SHIFT = ">0<"  # between glyphs that stand where the font puts them


@dataclasses.dataclass(frozen=True, slots=True)
class _Run:
    """Glyphs of one font: what to write into the page, and what the file's copy of the font must then hold."""

    font: InstalledFont
    size: float
    operators: bytes
    unicode: dict[int, str]
    widths: dict[int, float]


@dataclasses.dataclass(frozen=True, slots=True)
class ShapedLine:
    text: str
    face: Face
    width: float  # CSS pixels
    runs: tuple[_Run, ...]
    emojis: tuple[object, ...]
    is_complete: bool  # whether every character has a glyph in some font
    opening: bytes  # of its marked content, which says the text; empty where its glyphs say it by themselves


class LineWriter:
    """Writes shaped lines into the pages of one document, whose fonts it fills with the glyphs that they use."""

    def __init__(self) -> None:
        self.fonts: dict[int, Font] = {}  # those of this document, by the key of the installed font
        self._written: dict[int, ShapedLine] = {}  # kept, so that no other line takes the place of one

    def operators(self, line: ShapedLine, *, x: float, y: float) -> bytes:
        """What draws the line from *x* with its letters standing on *y*."""
        if not line.runs:
            return b""
        if not line.is_complete:  # the numbers of missing glyphs are the document's own
            line = _shaped(line.text, line.face, font_of=self._font)
        parts = [line.opening, b"BT 1 0 0 -1 %.2f %.2f Tm" % (x, y)]
        for run in line.runs:
            font = self._font(run.font)
            parts.append(b"/%s %.3f Tf %s" % (font.hash.encode(), run.size, run.operators))
            if id(line) not in self._written:
                font.to_unicode.update(
                    (glyph, text) for glyph, text in run.unicode.items() if glyph not in font.to_unicode
                )
                font.widths.update((glyph, width) for glyph, width in run.widths.items() if glyph not in font.widths)
        self._written[id(line)] = line
        parts.append(b"ET EMC" if line.opening else b"ET")
        return b"\n".join(filter(None, parts))

    def draw_emojis(self, stream: Stream, line: ShapedLine, *, x: float, y: float) -> None:
        if line.emojis:
            draw_emojis(stream, pango_style(line.face), x, y, line.emojis)

    def _font(self, installed: InstalledFont) -> Font:
        font = self.fonts.get(installed.key)
        if font is None:
            font = self.fonts[installed.key] = installed.fresh()
        return font


@functools.lru_cache(LINES_REMEMBERED)
def shaped(text: str, face: Face) -> ShapedLine:
    """The text on one line, however long."""
    return _shaped(text, face, font_of=InstalledFont.forgetful)


def _shaped(text: str, face: Face, *, font_of: Callable[[InstalledFont], Font]) -> ShapedLine:
    style = pango_style(face)
    layout, _, _, width, _, _ = split_first_line(text, style, None, None, 0)
    layout.reactivate(style)
    recorder = _Recorder(layout.layout, font_of)
    emojis = draw_first_line(recorder, _TextBox(text, style, layout), "clip", "none", Matrix(d=-1))
    layout.deactivate()
    is_complete = not recorder.has_missing_glyphs
    return ShapedLine(text, face, width, tuple(recorder.finished()), tuple(emojis), is_complete, _opening(text))


def _opening(text: str) -> bytes:
    """Where signs join with letters, a glyph stands for other letters in each word: a reader is told the line's.

    Not where words run to the left: readers turn such lines around, and what they are told with them.
    """
    if text.isascii() or not any(unicodedata.category(character) in _JOINING for character in text):
        return b""
    if any(unicodedata.bidirectional(character) in _TO_THE_LEFT for character in text):
        return b""
    return b"/Span <</ActualText <FEFF%s>>> BDC" % text.encode("utf-16-be").hex().encode()


@dataclasses.dataclass(frozen=True, slots=True)
class _TextBox:
    """What WeasyPrint's drawing reads of a box of text."""

    text: str
    style: PangoStyle
    pango_layout: object
    baseline: float = 0


class _Recorder:
    """Stands in for a page while a line is drawn, and keeps what was drawn."""

    def __init__(self, pango_layout: object, font_of: Callable[[InstalledFont], Font]) -> None:
        self._pango_layout, self._font_of = pango_layout, font_of
        self._fonts: dict[int, Font] = {}
        self._runs: list[tuple[InstalledFont, Font, float, list[bytes]]] = []
        self.ink_rect = ffi.new("PangoRectangle *")
        self.logical_rect = ffi.new("PangoRectangle *")

    def add_font(self, pango_font: object) -> tuple[Font, float]:
        installed, size = installed_font(pango_font, keeper=self._pango_layout)
        if installed.key not in self._fonts:  # once a line: a font that comes again in it must not forget its beginning
            self._fonts[installed.key] = self._font_of(installed)
        font = self._fonts[installed.key]
        self._pending = (installed, font)
        return font, size

    def set_font_size(self, _: str, size: float) -> None:
        self._runs.append((*self._pending, size, []))

    def set_text_matrix(self, *_: float) -> None:
        """The caller has its own."""

    def set_text_rise(self, rise: float) -> None:
        self._runs[-1][-1].append(b"%.3f Ts" % rise)

    def show_text(self, text: str) -> None:
        self._runs[-1][-1].append(f"[{text.replace(_NO_SHIFT, '')}] TJ".encode())

    @property
    def has_missing_glyphs(self) -> bool:
        return any(font.missing for _, font, _, _ in self._runs)

    def finished(self) -> Iterator[_Run]:
        for installed, font, size, shown in self._runs:
            operators = b"\n".join(shown)
            glyphs = {
                int(codes[index : index + 4], 16)
                for codes in _GLYPHS.findall(operators.decode())
                for index in range(0, len(codes), 4)
            }
            yield _Run(
                installed,
                size,
                operators,
                {glyph: font.to_unicode[glyph] for glyph in sorted(glyphs) if glyph in font.to_unicode},
                {glyph: font.widths[glyph] for glyph in sorted(glyphs) if glyph in font.widths},
            )
