"""Lines of text as the PDF shows them: measured and shaped by Pango once a text and face, drawn as often as needed.

WeasyPrint shapes every text twice, once to lay it out and once to draw it. Most cells of a report say the same few
hundred things ("0", "12", "Completed"), so a cell that is drawn from here costs a tenth.
"""

import copy
import dataclasses
import functools
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

import pyphen
from weasyprint.css.properties import INITIAL_VALUES
from weasyprint.draw.text import draw_emojis, draw_first_line
from weasyprint.matrix import Matrix
from weasyprint.pdf.fonts import Font
from weasyprint.pdf.stream import Stream
from weasyprint.text.ffi import ffi, gobject, pango
from weasyprint.text.fonts import FontConfiguration, get_pango_font_key
from weasyprint.text.line_break import split_first_line, strut

LINES_REMEMBERED = 20_000  # about 1 KB each
POINTS_A_PIXEL = 0.75
_PARAGRAPHS_REMEMBERED = 2_000
_MEASURED_SIZE, _PANGO_SCALE = 100, 1024  # CSS pixels, and what Pango makes of one
_GLYPHS = re.compile(r"<([0-9a-f]+)>")
_NO_SHIFT = ">0<"  # between glyphs that stand where the font puts them
_JOINED = frozenset({"Mn", "Me", "Mc", "Cf"})
_JOINER, _ELLIPSIS, _SOFT_HYPHEN = "\N{ZERO WIDTH JOINER}", "…", "\N{SOFT HYPHEN}"
_LEAST_LETTERS = 4  # of a word before and after a hyphen
_MOST_IDEOGRAPHS = 8  # that stay on one line if they can
_PLAIN = {
    "direction": "ltr",
    "line_height": 1.3,
    "overflow_wrap": "anywhere",
    "text_decoration_line": "none",
    "white_space": "normal",
    "word_spacing": 0,
}


class _Style(dict):  # type: ignore[type-arg]  # what WeasyPrint's text functions read, by CSS property
    def __init__(self, fonts: FontConfiguration, values: dict[str, object]) -> None:
        super().__init__(INITIAL_VALUES | _PLAIN | values)
        self.font_config = fonts
        self.cache: dict[str, object] = {}


@functools.cache
def shared_fonts() -> FontConfiguration:
    """One map of the installed fonts for the whole process: Pango loads and measures each font once."""
    return FontConfiguration()


@dataclasses.dataclass(frozen=True, slots=True)
class Face:
    """How text is set; the size in CSS pixels, the weight as in CSS."""

    families: tuple[str, ...]
    size: float
    weight: int
    language: str
    is_right_to_left: bool
    is_tabular: bool = True  # all figures are equally wide
    tracking: float = 0.0  # what is added to the width of each letter, of the size

    def resized(self, factor: float, *, weight: int | None = None) -> "Face":
        return dataclasses.replace(self, size=self.size * factor, weight=self.weight if weight is None else weight)

    def sized(self, points: float, *, weight: int = 400, tracking: float = 0.0) -> "Face":
        """For running text, whose figures are as wide as they are."""
        size = points / POINTS_A_PIXEL
        return dataclasses.replace(self, size=size, weight=weight, is_tabular=False, tracking=tracking)

    @property
    def line_height(self) -> float:
        return _strut(self)[0]

    @property
    def baseline(self) -> float:
        """From the top of a line down to where letters stand."""
        return _strut(self)[1]


@dataclasses.dataclass(frozen=True, slots=True)
class _Run:
    """Glyphs of one font: what to write into the page, and what the file's copy of the font must then hold."""

    font: "_InstalledFont"
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
        parts = [b"BT 1 0 0 -1 %.2f %.2f Tm" % (x, y)]
        for run in line.runs:
            font = self._font(run.font)
            parts.append(b"/%s %.3f Tf %s" % (font.hash.encode(), run.size, run.operators))
            if id(line) not in self._written:
                font.to_unicode.update(
                    (glyph, text) for glyph, text in run.unicode.items() if glyph not in font.to_unicode
                )
                font.widths.update((glyph, width) for glyph, width in run.widths.items() if glyph not in font.widths)
        self._written[id(line)] = line
        parts.append(b"ET")
        return b"\n".join(parts)

    def draw_emojis(self, stream: Stream, line: ShapedLine, *, x: float, y: float) -> None:
        if line.emojis:
            draw_emojis(stream, _style(line.face), x, y, line.emojis)

    def _font(self, installed: "_InstalledFont") -> Font:
        font = self.fonts.get(installed.key)
        if font is None:
            font = self.fonts[installed.key] = installed.fresh()
        return font


def read_by(face: Face, text: str) -> Face:
    """The face for a whole text: what has letters, and none that run to the left, runs to the right in Arabic too.

    Else `007@acme.example` is read as `acme.example@007` there.
    """
    if not face.is_right_to_left:
        return face
    kinds = {unicodedata.bidirectional(character) for character in text}
    runs_to_the_right = "L" in kinds and not kinds & {"R", "AL"}
    return dataclasses.replace(face, is_right_to_left=False) if runs_to_the_right else face


@functools.lru_cache(LINES_REMEMBERED)
def shaped(text: str, face: Face) -> ShapedLine:
    """The text on one line, however long."""
    return _shaped(text, face, font_of=_InstalledFont.forgetful)


def fitted(text: str, face: Face, width: float, *, keeps_end: bool = False) -> ShapedLine:
    """The text, or as much of its beginning as fits into the width together with an ellipsis.

    An email or an id *keeps its end*, too, because that is where it differs from its like.
    """
    whole = shaped(text, face)
    if whole.width <= width:
        return whole
    end = _end_of(text, face, width / 2) if keeps_end else ""
    low, high = 0, len(text) - len(end)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if shaped(_cut(text, middle, end), face).width <= width else (low, middle)
    return shaped(_cut(text, low, end), face)


def _end_of(text: str, face: Face, width: float) -> str:
    length = 1
    while length < len(text) and shaped(text[-length - 1 :], face).width <= width:
        length += 1
    return text[-length:]


@functools.lru_cache(_PARAGRAPHS_REMEMBERED)
def wrapped(text: str, face: Face, width: float, *, most_lines: int, indent: float = 0.0) -> tuple[ShapedLine, ...]:
    """The text on as many lines as it takes, of which the last one allowed ends in an ellipsis where it must.

    The first line has *indent* less room than the others.
    """
    lines: list[ShapedLine] = []
    rest, room = text, width - indent
    while rest and len(lines) < most_lines - 1 and shaped(rest, face).width > room:
        _, length, resume_at, *_ = split_first_line(rest, _style(face), None, room, 0)
        encoded = rest.encode()
        lines.append(shaped(_unmarked(encoded[:length].decode()), face))
        rest, room = encoded[resume_at:].decode() if resume_at else "", width
    return (*lines, fitted(_unmarked(rest), face, room)) if rest or not lines else tuple(lines)


def _unmarked(line: str) -> str:
    """Without soft hyphens; one at which the line ends is seen."""
    return (f"{line[:-1]}-" if line.endswith(_SOFT_HYPHEN) else line.rstrip()).replace(_SOFT_HYPHEN, "")


def hyphenated(text: str, face: Face, width: float) -> str:
    """The text with soft hyphens in the words that are wider; for `wrapped`."""
    return " ".join(
        _SOFT_HYPHEN.join(_parts(word, face.language)) if shaped(word, face).width > width else word
        for word in text.split()
    )


def longest_part(text: str, face: Face) -> float:
    """The width below which a text cannot be wrapped without breaking words where its language does not."""
    parts = (_with_hyphens(_parts(word, face.language)) for word in _words(text))
    return max((shaped(part, face).width for word in parts for part in word), default=0.0)


def _with_hyphens(parts: Sequence[str]) -> list[str]:
    return [*(f"{part}-" for part in parts[:-1]), *parts[-1:]]


@functools.lru_cache(1_000)
def _parts(word: str, language: str) -> Sequence[str]:
    """The word cut where its language hyphenates it, if it does."""
    known = pyphen.language_fallback(language.replace("-", "_"))
    if known is None:
        return (word,)
    rules = pyphen.Pyphen(lang=known, left=_LEAST_LETTERS, right=_LEAST_LETTERS)
    return tuple(rules.inserted(word, _SOFT_HYPHEN).split(_SOFT_HYPHEN))


def longest_word(text: str, face: Face) -> float:
    """The width below which a text cannot be wrapped without breaking a word."""
    return max((shaped(word, face).width for word in _words(text)), default=0.0)


def _words(text: str) -> Iterator[str]:
    """What stands between spaces; of ideographs, which are written without any, a few at a time."""
    for word in text.split():
        if word.isascii() or not all(unicodedata.east_asian_width(character) in "WF" for character in word):
            yield word
        else:
            yield from (word[at : at + _MOST_IDEOGRAPHS] for at in range(0, len(word), _MOST_IDEOGRAPHS))


def _cut(text: str, length: int, end: str) -> str:
    """The first characters, an ellipsis and the end; no letter loses its accents, no emoji is taken apart."""
    while length > 1 and (unicodedata.category(text[length]) in _JOINED or text[length - 1] == _JOINER):
        length -= 1
    return f"{text[:length].rstrip()}{_ELLIPSIS}{end}"


def _shaped(text: str, face: Face, *, font_of: Callable[["_InstalledFont"], Font]) -> ShapedLine:
    style = _style(face)
    layout, _, _, width, _, _ = split_first_line(text, style, None, None, 0)
    layout.reactivate(style)
    recorder = _Recorder(layout.layout, font_of)
    emojis = draw_first_line(recorder, _TextBox(text, style, layout), "clip", "none", Matrix(d=-1))
    layout.deactivate()
    return ShapedLine(text, face, width, tuple(recorder.finished()), tuple(emojis), not recorder.has_missing_glyphs)


@dataclasses.dataclass(frozen=True, slots=True)
class _TextBox:
    """What WeasyPrint's drawing reads of a box of text."""

    text: str
    style: _Style
    pango_layout: object
    baseline: float = 0


class _Recorder:
    """Stands in for a page while a line is drawn, and keeps what was drawn."""

    def __init__(self, pango_layout: object, font_of: Callable[["_InstalledFont"], Font]) -> None:
        self._pango_layout, self._font_of = pango_layout, font_of
        self._fonts: dict[int, Font] = {}
        self._runs: list[tuple[_InstalledFont, Font, float, list[bytes]]] = []
        self.ink_rect = ffi.new("PangoRectangle *")
        self.logical_rect = ffi.new("PangoRectangle *")

    def add_font(self, pango_font: object) -> tuple[Font, float]:
        installed, size = _installed_font(pango_font, keeper=self._pango_layout)
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


@dataclasses.dataclass(frozen=True, slots=True)
class _InstalledFont:
    """A font of this machine, in any size. Pango's own reference to it ends with its *keeper*, a layout."""

    key: int
    pango_font: object
    keeper: object
    font: Font

    def fresh(self) -> Font:
        """For a document, which cuts it to the glyphs that it uses."""
        font: Font = copy.copy(self.font)
        font.to_unicode, font.widths, font.missing, font.variations = {}, {}, {}, dict(font.variations)
        return font

    def forgetful(self) -> Font:
        """Without memory of the lines before, because what a line says of its glyphs may not depend on them."""
        self.font.to_unicode, self.font.widths, self.font.missing = {}, {}, {}
        return self.font


_installed_fonts: dict[int, _InstalledFont] = {}


def _installed_font(pango_font: object, *, keeper: object) -> tuple[_InstalledFont, float]:
    key, description, size = get_pango_font_key(pango_font)
    if key not in _installed_fonts:
        _installed_fonts[key] = _InstalledFont(key, pango_font, keeper, _measured(pango_font, description))
    return _installed_fonts[key], size


def _measured(pango_font: object, description: object) -> Font:
    """Measured at one size, because rounded to pixels its measures at others would be others."""
    font, fonts = Font(pango_font, description, _MEASURED_SIZE), shared_fonts().font_map
    context = ffi.gc(pango.pango_font_map_create_context(fonts), gobject.g_object_unref)
    pango.pango_font_description_set_absolute_size(description, _MEASURED_SIZE * _PANGO_SCALE)
    sized = ffi.gc(pango.pango_font_map_load_font(fonts, context, description), gobject.g_object_unref)
    metrics = ffi.gc(pango.pango_font_get_metrics(sized, ffi.NULL), pango.pango_font_metrics_unref)
    thousandth = _MEASURED_SIZE * _PANGO_SCALE / 1000
    font.ascent = round(pango.pango_font_metrics_get_ascent(metrics) / thousandth)
    font.descent = -round(pango.pango_font_metrics_get_descent(metrics) / thousandth)
    return font


@functools.lru_cache(256)
def _style(face: Face) -> _Style:
    direction = "rtl" if face.is_right_to_left else "ltr"
    values = {
        "font_family": face.families,
        "font_size": face.size,
        "font_weight": face.weight,
        "font_feature_settings": (("tnum", 1),) if face.is_tabular else "normal",
        "letter_spacing": face.tracking * face.size or "normal",
        "lang": face.language,
        "direction": direction,
    }
    return _Style(shared_fonts(), values)


@functools.lru_cache(256)
def _strut(face: Face) -> tuple[float, float]:
    line_height, baseline = strut(_style(face))
    return float(line_height), float(baseline)
