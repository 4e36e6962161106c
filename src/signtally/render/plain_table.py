"""Tables of a plain-text email: columns that line up in every script."""

import unicodedata
from collections.abc import Iterable, Sequence

_GAP = "   "


def aligned(rows: Iterable[Sequence[str]], *, left: Sequence[int] = (0,)) -> list[str]:
    """One line a row; the columns *left* begin together, the others end together, and no line ends in spaces."""
    table = [tuple(row) for row in rows]
    if not table:
        return []
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    return [_line(row, widths, left).rstrip() for row in table]


def _line(row: Sequence[str], widths: Sequence[int], left: Sequence[int]) -> str:
    cells = zip(row, widths, strict=True)
    return _GAP.join(_padded(text, width, begins=index in left) for index, (text, width) in enumerate(cells))


def _padded(text: str, width: int, *, begins: bool) -> str:
    room = " " * (width - _width(text))
    return f"{text}{room}" if begins else f"{room}{text}"


def _width(text: str) -> int:
    """In columns of a fixed-width typeface: an ideograph takes two, a mark none."""
    return sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
