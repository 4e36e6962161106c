"""Excel's number formats of one locale: dates as it writes them, figures with the separators of whoever reads."""

import dataclasses
import datetime as dt
import locale as python_locale
import re
from typing import Self

from babel import Locale
from babel.core import get_global, parse_locale
from babel.dates import format_date, format_time

_LCIDS = {name: lcid for lcid, name in python_locale.windows_locale.items()}
# CLDR's territories with paper of US size; everybody else has A4.
_LETTER = frozenset({"BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"})
PAPER_LETTER, PAPER_A4 = 1, 9  # Excel's numbers
_PARTS = re.compile(r"'(?P<quoted>[^']*)'|(?P<field>([A-Za-z])\3*)|(?P<literal>[^A-Za-z']+)")
_BARE_LITERALS = frozenset(" -/:")  # need no quotes in a number format
_DAY_PERIODS = frozenset("abB")
_MONTH_LETTERS = frozenset("ML")
_LONG_CLOCK = dt.time(22, 58)
_SPARE_CHARACTERS = 2  # where they have no room, Excel shows ### instead
_LEAST_DATE_WIDTH, _LEAST_INSTANT_WIDTH = 14, 19


@dataclasses.dataclass(frozen=True, slots=True)
class NumberFormats:
    """Number formats as Excel spells them; months and weekdays are named in the locale's language."""

    date: str
    instant: str
    month: str
    date_width: int  # characters
    instant_width: int
    percent_sign: str  # with the space before it, where the locale has one
    count: str = "#,##0"
    decimal: str = "#,##0.0"
    signed: str = "+#,##0;−#,##0;±0"

    @classmethod
    def of(cls, locale: Locale) -> Self:
        language = _language_code(locale)
        date, month = (_pattern(locale, skeleton) for skeleton in ("yMMMd", "yMMM"))
        clock = _excel_code(str(locale.time_formats["short"].pattern))
        day = language + _excel_code(date)
        longest = max(len(format_date(dt.date(2026, each, 28), date, locale=locale)) for each in range(1, 13))
        with_clock = longest + len(format_time(_LONG_CLOCK, "short", locale=locale)) + 1
        return cls(
            date=day,
            instant=f"{day} {clock}",
            month=language + _excel_code(month),
            date_width=max(longest + _SPARE_CHARACTERS, _LEAST_DATE_WIDTH),
            instant_width=max(with_clock + _SPARE_CHARACTERS, _LEAST_INSTANT_WIDTH),
            percent_sign=_percent_sign(locale),
        )

    @property
    def percent(self) -> str:
        return f"0.0{self.percent_sign}"

    @property
    def share(self) -> str:
        """One of many is little, not nothing."""
        return f"[=0]{self.percent};[<0.001]0.00{self.percent_sign};{self.percent}"

    @property
    def signed_percent(self) -> str:
        return ";".join(f"{sign}0{self.percent_sign}" for sign in "+−±")

    def signed_points(self, unit: str) -> str:
        """Differences of rates, with the word for percentage points behind."""
        shown = '" {}"'.format(unit.replace('"', ""))
        return f"+0.0{shown};−0.0{shown};±0.0{shown}"


def paper_size(locale: Locale) -> int:
    """Excel's number of the paper that the locale's printers hold: Letter or A4."""
    return PAPER_LETTER if _territory(locale) in _LETTER else PAPER_A4


def _percent_sign(locale: Locale) -> str:
    pattern = str(locale.percent_formats[None].pattern)
    return '"\N{NO-BREAK SPACE}"%' if any(character.isspace() for character in pattern) else "%"


def _pattern(locale: Locale, skeleton: str) -> str:
    found = locale.datetime_skeletons.get(skeleton)
    return str(found.pattern if found is not None else locale.date_formats["medium"].pattern)


def _language_code(locale: Locale) -> str:
    """`[$-407]`: without it, Excel names months in the language of whoever reads."""
    lcid = _LCIDS.get(f"{locale.language}_{_territory(locale)}")
    return "" if lcid is None else f"[$-{lcid:X}]"


def _territory(locale: Locale) -> str | None:
    if locale.territory:
        return str(locale.territory)
    likely = get_global("likely_subtags").get(locale.language)
    return None if likely is None else parse_locale(likely)[1]  # not every one has data of its own: `no_Latn_NO`


def _excel_code(pattern: str) -> str:
    """A CLDR date or time pattern in Excel's spelling: `d. MMM y` becomes `d". "mmm yyyy`."""
    twelve_hours = any(match["field"] and match["field"][0] in "hK" for match in _PARTS.finditer(pattern))
    code = "".join(_excel_part(match) for match in _PARTS.finditer(pattern)).strip()
    return f"{code} AM/PM" if twelve_hours and "AM/PM" not in code else code


def _excel_part(match: re.Match[str]) -> str:
    field = match["field"]
    if field is None:
        literal = match["quoted"] if match["literal"] is None else match["literal"]
        plain = "".join(" " if character.isspace() else character for character in literal)
        return plain if set(plain) <= _BARE_LITERALS else f'"{plain}"'
    letter, width = field[0], len(field)
    if letter == "y":
        return "yy" if width == 2 else "yyyy"  # noqa: PLR2004  # as CLDR has it
    if letter in _MONTH_LETTERS or letter == "m":
        return "m" * min(width, 4)
    if letter in "EecC":
        return "ddd"
    if letter in "hHkK":
        return "h" * width
    return "AM/PM" if letter in _DAY_PERIODS else field.lower()
