"""The parameter types of commands: addresses, instants, days, ids, durations."""

import datetime as dt
import re
from collections.abc import Callable

import click

from signtally.domain.ids import ID_LIMIT_CHARACTERS, UNSTORABLE
from signtally.domain.periods import EARLIEST_DAY
from signtally.setting_values import parse_duration

_LATEST_YEAR = 9990  # a calendar with room for a year after


class _Parsed(click.ParamType[object]):
    """A value parsed by a function that raises ValueError with the message for the user."""

    def __init__(self, name: str, read: Callable[[str], object]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _instant(text: str) -> dt.datetime:
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no instant: write 2026-11-01T07:00:00Z") from None
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset: write {text}Z, or another offset such as +02:00")
    if not EARLIEST_DAY.year <= instant.year <= _LATEST_YEAR:
        raise ValueError(f"{text!r} lies too far off: write one of the years {EARLIEST_DAY.year} to {_LATEST_YEAR}")
    return instant.astimezone(dt.UTC)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day: write 2026-10-03") from None


def _id(text: str) -> str:
    if not 1 <= len(text) <= ID_LIMIT_CHARACTERS:
        raise ValueError(f"an id has 1 to {ID_LIMIT_CHARACTERS} characters, this one {len(text)}")
    return _utf_8(text)


def _utf_8(text: str) -> str:
    """Python keeps what is none as halves of characters, which nothing can store."""
    if UNSTORABLE.search(text):
        raise ValueError(f"{text!r} is not UTF-8: write it so, in a terminal whose locale is UTF-8")
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", _utf_8(text).strip()):
        raise ValueError(f"{text!r} is no email address: write ann@acme.example")
    return text.strip()


ADDRESS = _Parsed("address", _address)
INSTANT = _Parsed("instant", _instant)
DAY = _Parsed("day", _day)
ID = _Parsed("id", _id)  # of a tenant or a user
PORT = click.IntRange(min=1, max=65_535)
DURATION = _Parsed("duration", parse_duration)
