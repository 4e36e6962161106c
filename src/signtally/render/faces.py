"""How text is set: families, size, weight and direction, for us and for Pango."""

import dataclasses
import functools
import unicodedata

from weasyprint.css.properties import INITIAL_VALUES
from weasyprint.text.fonts import FontConfiguration
from weasyprint.text.line_break import strut

from signtally.render.installed_fonts import shared_fonts

POINTS_A_PIXEL = 0.75
_PLAIN = {
    "direction": "ltr",
    "line_height": 1.3,
    "overflow_wrap": "anywhere",
    "text_decoration_line": "none",
    "white_space": "normal",
    "word_spacing": 0,
}


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


def read_by(face: Face, text: str) -> Face:
    """The face for a whole text: what has letters, and none that run to the left, runs to the right in Arabic too.

    Else `007@acme.example` is read as `acme.example@007` there.
    """
    if not face.is_right_to_left:
        return face
    kinds = {unicodedata.bidirectional(character) for character in text}
    runs_to_the_right = "L" in kinds and not kinds & {"R", "AL"}
    return dataclasses.replace(face, is_right_to_left=False) if runs_to_the_right else face


class PangoStyle(dict):  # type: ignore[type-arg]  # what WeasyPrint's text functions read, by CSS property
    def __init__(self, fonts: FontConfiguration, values: dict[str, object]) -> None:
        super().__init__(INITIAL_VALUES | _PLAIN | values)
        self.font_config = fonts
        self.cache: dict[str, object] = {}


@functools.lru_cache(256)
def pango_style(face: Face) -> PangoStyle:
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
    return PangoStyle(shared_fonts(), values)


@functools.lru_cache(256)
def _strut(face: Face) -> tuple[float, float]:
    line_height, baseline = strut(pango_style(face))
    return float(line_height), float(baseline)
