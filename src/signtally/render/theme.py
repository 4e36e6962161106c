"""One look for the PDF, the workbook, the emails and the page: every colour and typeface, under one name each."""

import dataclasses
from collections.abc import Collection

# WCAG 2.2, 1.4.3 and 1.4.11: text of normal size against its ground (links, white words on a button), and shapes.
READABLE_CONTRAST = 4.5
VISIBLE_CONTRAST = 3.0
_SHADING_STEPS = 20
_LINEAR_BELOW = 0.04045  # sRGB


@dataclasses.dataclass(frozen=True, slots=True)
class Theme:
    """Colours as `#rrggbb`; *accent* and *fill* are the tenant's own where its branding names one."""

    ink: str = "#172033"  # text, headings
    muted: str = "#5A6578"  # captions, labels, axes
    line: str = "#DCE1E9"  # rules and borders
    surface: str = "#F5F7FA"  # bands, cards, table headers
    paper: str = "#FFFFFF"
    accent: str = "#2456C5"  # the one strong colour, as text or with white text on it: links, buttons
    fill: str = "#2456C5"  # the same colour as a shape, which may be lighter: bars, rules, meters
    neutral: str = "#8B97AB"  # the second series of a chart, beside the accent
    positive: str = "#1B7A57"
    negative: str = "#B23A34"
    warning: str = "#8F5F00"
    sans: str = '"Inter", "Noto Sans", "Noto Sans CJK SC", "Noto Sans Arabic", system-ui, sans-serif'
    mono: str = '"Noto Sans Mono", "DejaVu Sans Mono", ui-monospace, monospace'

    def with_accent(self, accent: str | None) -> "Theme":
        """The theme in a tenant's colour, shaded as far as it takes to be read, or as a shape seen, on paper."""
        if not accent:
            return self
        text = shaded(accent, on=self.paper, least_contrast=READABLE_CONTRAST)
        shape = shaded(accent, on=self.paper, least_contrast=VISIBLE_CONTRAST)
        return dataclasses.replace(self, accent=text, fill=shape)


DARK = Theme(  # as the page has them, for emails read on a dark screen
    ink="#E8ECF3",
    muted="#9BA7BA",
    line="#2B3548",
    surface="#0E1524",
    paper="#172032",
    accent="#91AAE2",
    fill="#91AAE2",
    neutral="#66738A",
    positive="#6CC79E",
    negative="#F0948C",
    warning="#E0B04C",
)


def shaded(colour: str, *, on: str, least_contrast: float) -> str:
    """The colour itself, or the nearest shade with that contrast on a ground: darker on light, lighter on dark."""
    end = max("#000000", "#FFFFFF", key=lambda each: contrast(each, on))
    for step in range(_SHADING_STEPS):
        shade = mixed(colour, end, share=step / _SHADING_STEPS)
        if contrast(shade, on) >= least_contrast:
            return shade
    return end


def seen_on(colour: str, *, grounds: Collection[str], least_contrast: float) -> str:
    """The colour itself, or the nearest shade with that contrast on each ground; as it is, where there is none."""
    shades = (
        mixed(colour, end, share=step / _SHADING_STEPS)
        for step in range(_SHADING_STEPS + 1)
        for end in ("#000000", "#FFFFFF")
    )
    return next((each for each in shades if all(contrast(each, on) >= least_contrast for on in grounds)), colour)


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio, 1–21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def mixed(colour: str, other: str, *, share: float) -> str:
    """*share* (0–1) of *other* in *colour*."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(mine + (its - mine) * share):02X}" for mine, its in pairs)


def _luminance(colour: str) -> float:
    shares = (channel / 255 for channel in _channels(colour))
    linear = [((share + 0.055) / 1.055) ** 2.4 if share > _LINEAR_BELOW else share / 12.92 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
