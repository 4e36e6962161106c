"""Cells as XML: numbers with every digit, dates, texts that stay texts, formulas with their value beside them."""

import dataclasses
import datetime as dt
import re
import unicodedata

from signtally.render.visible_text import JOINERS, one_line, shortened, visible

_CELL_LIMIT_CHARACTERS = 32_767  # Excel's
_CALCULATED = tuple("=+-@\t\r\n")
# Excel reads `_x000D_` in a text as a carriage return; escaping the first underscore keeps the text as it was.
_EXCEL_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_HAS_MARKUP = re.compile("[&<>]")
_EPOCH_DAY = dt.date(1899, 12, 30)
_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001  # Excel knows no zones
_ONE_DAY = dt.timedelta(days=1)
_CONTROL_PICTURES = 0x2400  # where Unicode shows the C0 controls: ␀ ␁ …
_SPACE = 0x20


@dataclasses.dataclass(frozen=True, slots=True)
class Formula:
    """A formula, and the value that programs show which do not calculate."""

    text: str  # without the equals sign
    value: float | None


Value = str | int | float | dt.date | dt.datetime | Formula | None


@dataclasses.dataclass(frozen=True, slots=True)
class StyleIds:
    """One look in the workbook's list of styles: for cells in general, and for texts that begin like a formula."""

    plain: int
    quoted: int  # with Excel's quote prefix: editing the cell leaves it a text


def cell_xml(coordinate: str, value: Value, style: StyleIds) -> str:
    """One cell."""
    kind = type(value)
    if kind is int or kind is float:
        return f'<c r="{coordinate}" s="{style.plain}"><v>{value!r}</v></c>'
    if value is None:
        return f'<c r="{coordinate}" s="{style.plain}"/>'
    if isinstance(value, str):
        return _text_xml(coordinate, value, style)
    if isinstance(value, Formula):
        cached = "" if value.value is None else f"<v>{value.value!r}</v>"
        return f'<c r="{coordinate}" s="{style.plain}"><f>{escaped(value.text)}</f>{cached}</c>'
    return f'<c r="{coordinate}" s="{style.plain}"><v>{serial(value)!r}</v></c>'


def serial(value: float | dt.date | dt.datetime) -> float:
    """A date or a wall clock as Excel counts it: days since 30 December 1899."""
    if isinstance(value, dt.datetime):
        return (value - _EPOCH) / _ONE_DAY
    return (value - _EPOCH_DAY).days if isinstance(value, dt.date) else value


def escaped(text: str) -> str:
    return text.translate(_MARKUP) if _HAS_MARKUP.search(text) else text


def safe_text(text: str) -> str:
    """The text as Excel will show it: forbidden characters visible, its own escapes disarmed, its limit marked."""
    shown = _EXCEL_ESCAPE.sub("_x005F_", visible(text)) if "_x" in text else visible(text)
    return shown if len(shown) <= _CELL_LIMIT_CHARACTERS else shortened(shown, _CELL_LIMIT_CHARACTERS)


def name_text(text: str | None) -> str | None:
    """A name on one line, unable to turn what stands beside it; None where nothing is left to show."""
    return None if text is None else one_line(text) or None


def person_text(name: str | None, email: str | None, user_id: str | None) -> str | None:
    """How every table calls a user, so that each is a row of its own in a pivot: the name, or else email or id."""
    return name_text(name) or name_text(email) or id_text(user_id)


def id_text(text: str | None) -> str | None:
    """An id with every character in its position: line breaks as ␊, what would turn or hide letters as �."""
    return text if text is None or text.isprintable() else "".join(map(_pictured, visible(text)))


def _pictured(character: str) -> str:
    if character in JOINERS:
        return character
    match unicodedata.category(character):
        case "Cc":
            return chr(_CONTROL_PICTURES + ord(character)) if ord(character) < _SPACE else "\N{REPLACEMENT CHARACTER}"
        case "Cf" | "Zl" | "Zp":
            return "\N{REPLACEMENT CHARACTER}"
        case _:
            return character


def _text_xml(coordinate: str, text: str, style: StyleIds) -> str:
    shown = safe_text(text)
    number = style.quoted if shown.startswith(_CALCULATED) else style.plain
    space = ' xml:space="preserve"' if shown != shown.strip() else ""
    return f'<c r="{coordinate}" s="{number}" t="inlineStr"><is><t{space}>{escaped(shown)}</t></is></c>'
