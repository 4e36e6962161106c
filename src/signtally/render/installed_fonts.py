"""The fonts of this machine: loaded and measured once a process, cut afresh for each document."""

import copy
import dataclasses
import functools

from weasyprint.pdf.fonts import Font
from weasyprint.text.ffi import ffi, gobject, pango
from weasyprint.text.fonts import FontConfiguration, get_pango_font_key

_MEASURED_SIZE, _PANGO_SCALE = 100, 1024  # CSS pixels, and what Pango makes of one


@functools.cache
def shared_fonts() -> FontConfiguration:
    """One map of the installed fonts for the whole process: Pango loads and measures each font once."""
    return FontConfiguration()


@dataclasses.dataclass(frozen=True, slots=True)
class InstalledFont:
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


_installed_fonts: dict[int, InstalledFont] = {}


def installed_font(pango_font: object, *, keeper: object) -> tuple[InstalledFont, float]:
    key, description, size = get_pango_font_key(pango_font)
    if key not in _installed_fonts:
        _installed_fonts[key] = InstalledFont(key, pango_font, keeper, _measured(pango_font, description))
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
