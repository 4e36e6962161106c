"""Literals of PostgreSQL's SQL: ADBC copies what a query without parameters answers, and that is the fast way."""

import datetime as dt
from collections.abc import Sequence


def texts(values: Sequence[str]) -> str:
    """An array literal, of each value once."""
    return f"ARRAY[{', '.join(map(literal, dict.fromkeys(values)))}]::text[]"


def literal(text: str) -> str:
    """A text literal, whatever the server thinks of backslashes."""
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def instant_literal(instant: dt.datetime) -> str:
    return f"'{instant.astimezone(dt.UTC).isoformat(sep=' ')}'::timestamptz"


def day_literal(day: dt.date) -> str:
    return f"'{day.isoformat()}'::date"


def list_literal(values: Sequence[str] | None, column: str) -> str:
    """The condition that *column* is one of these, to follow others; none with None."""
    return "" if values is None else f" AND {column} = ANY({texts(values)})"
