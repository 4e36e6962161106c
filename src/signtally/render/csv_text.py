"""Text in CSV that every program reads as text: the one apostrophe, and which texts get it.

A CSV cell has no type. Whoever opens the file guesses: `00012345` becomes 12345, `9912140633506421` a rounded
number, `=1+1` a formula, `1E5` or `Oct 3` a number or a date, `NA` nothing. Quotes do not help, because pandas, Polars
and Excel guess at quoted cells too. So a text that anybody would take for something else begins with an apostrophe,
as spreadsheets mark text, and so does one that begins with an apostrophe itself: **removing the apostrophe with which a
text begins always gives the text.**
"""

import functools
import re
from collections.abc import Iterable

import polars as pl
from babel import Locale

from signtally.render.formats import locale_of
from signtally.render.visible_text import visible

MARK = "'"
# By a spreadsheet: formulas (also full-width) and errors; by DuckDB: `#` begins a comment. And our own mark.
_FIRST = r"^['=+\-@#\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}\s]"
_FORMS = (
    r"^[^\p{L}]*\d[^\p{L}]*$",  # figures with signs, separators and currency: numbers, dates, times, shares
    r"^[\d.,]+\s*e\s*[+-]?\d+\s*$",  # 1E5
    r"^0[xob][0-9a-f_]+\s*$",
    r"^\d{1,2}(:\d{1,2}){0,2}([.,]\d+)?\s*[ap]\.?(m\.?)?\s*$",  # 5 p, 12:30 PM
    r"^\d{4}-?\d{2}-?\d{2}t[\d:.,]*(z|[+-][\d:]+)?\s*$",
    r"^((eur|usd|gbp|chf|kr|zł|kč|ft|lei)\.?\s*[\d.,\s]+|[\d.,\s]+(eur|usd|gbp|chf|kr|zł|kč|ft|lei)\.?)\s*$",
)
# What one of pandas, Polars, DuckDB and Excel in a language of ours reads as nothing, as true or false, or as a number.
_WORDS = (
    "na|n/a|nan|<na>|null|nil|none|true|false|t|f|yes|no|y|n|inf|infinity|1\\.#ind|1\\.#qnan"
    "|wahr|falsch|vrai|faux|verdadero|falso|vero|verdadeiro|waar|onwaar|sant|falskt"
)
_MONTH_FORMS = ("wide", "abbreviated")


def marked(column: str, *, locale: str) -> pl.Expr:
    """The text column, with the apostrophe where one needs it. Names of months are English and those of *locale*."""
    text = pl.col(column)
    # Folded by Polars, because its regular expressions fold case by letter alone.
    ambiguous = text.str.to_lowercase().str.contains(_ambiguous(locale))
    return pl.when(ambiguous).then(pl.concat_str(pl.lit(MARK), text)).otherwise(text).alias(column)


def unmarked(text: str) -> str:
    """What a marked text was."""
    return text.removeprefix(MARK)


def texts(values: Iterable[str | None]) -> list[str | None]:
    """Texts that a file can contain: NUL, a lone surrogate and the like shown as pictures; an empty one is None."""
    return [value if value is None or value.isprintable() else visible(value) for value in (v or None for v in values)]


@functools.cache
def _ambiguous(locale: str) -> str:
    months = {month for known in {"en", locale} for month in _months(locale_of(known))}
    dates = rf"^[\d\s.,/-]*({'|'.join(sorted(map(re.escape, months)))})\.?[\d\s.,/-]*\d[\d\s.,/-]*$"
    dates_before = rf"^[\d\s.,/-]*\d[\d\s.,/-]*({'|'.join(sorted(map(re.escape, months)))})\.?[\d\s.,/-]*$"
    return "|".join((_FIRST, *_FORMS, dates, dates_before, rf"^({_WORDS})\s*$"))


def _months(locale: Locale) -> set[str]:
    return {
        name.lower().rstrip(".")
        for kind in ("format", "stand-alone")
        for form in _MONTH_FORMS
        for name in locale.months[kind].get(form, {}).values()
    }
