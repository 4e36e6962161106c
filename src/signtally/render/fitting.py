"""How much of a text fits on a line: estimated, because cutting it in the page would cost the PDF its reading order.

(WeasyPrint paints what it clips after everything else, so whoever copied a table would get its names at the end.)
"""

import unicodedata

# Widths in ems of the PDF's typeface, a little above its own so that an estimate errs towards cutting.
_NARROW = frozenset(" iljtfrI.,:;'’|!()[]/-")
_BROAD = frozenset("MWmw@%&—…ЖМШЩЫЮжмшщыю")
_NARROW_EMS, _BROAD_EMS, _CAPITAL_EMS, _LATIN_EMS, _IDEOGRAPH_EMS, _OTHER_EMS = 0.34, 0.96, 0.68, 0.58, 1.0, 0.68
_LAST_LATIN = "\u04ff"  # Latin, Greek and Cyrillic lie below
_ELLIPSIS = "…"


def width_ems(text: str) -> float:
    """The estimated width of one line."""
    return sum(_character_ems(character) for character in text)


def fitted(text: str, ems: float) -> str:
    """The text, or as much of its beginning as fits together with an ellipsis."""
    if width_ems(text) <= ems:
        return text
    room, index = ems - _BROAD_EMS, 0
    for index, character in enumerate(text):  # noqa: B007  # the index is the result
        room -= _character_ems(character)
        if room < 0:
            break
    return f"{text[:index].rstrip()}{_ELLIPSIS}"


def _character_ems(character: str) -> float:
    if character in _NARROW:
        return _NARROW_EMS
    if character in _BROAD:
        return _BROAD_EMS
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return _IDEOGRAPH_EMS
    if character > _LAST_LATIN:
        return _OTHER_EMS
    return _CAPITAL_EMS if character.isupper() or character.isdigit() else _LATIN_EMS
