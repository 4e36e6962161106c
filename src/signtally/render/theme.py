"""One look for the PDF, the workbook, the emails and the page: every colour and typeface, under one name each."""

import dataclasses

from signtally.domain.actions import Action


@dataclasses.dataclass(frozen=True, slots=True)
class Theme:
    """Colours as `#rrggbb`; *accent* is the tenant's own where its branding names one."""

    ink: str = "#172033"  # text, headings
    muted: str = "#5A6578"  # captions, labels, axes
    line: str = "#DCE1E9"  # rules and borders
    surface: str = "#F5F7FA"  # bands, cards, table headers
    paper: str = "#FFFFFF"
    accent: str = "#2456C5"  # the one strong colour: bars, links, buttons
    positive: str = "#1B7A57"
    negative: str = "#B23A34"
    warning: str = "#8F5F00"
    sans: str = '"Inter", "Noto Sans", "Noto Sans CJK SC", "Noto Sans Arabic", system-ui, sans-serif'
    mono: str = '"Noto Sans Mono", "DejaVu Sans Mono", ui-monospace, monospace'

    def with_accent(self, accent: str | None) -> "Theme":
        return dataclasses.replace(self, accent=accent) if accent else self


# How each action is headed in every table, card and legend.
HEADINGS: dict[Action, str] = {action: action.value.capitalize() for action in Action}
