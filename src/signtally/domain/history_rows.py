"""A row of past actions becomes an event, by the rules that messages on the queue are held to."""

import datetime as dt
import enum
import math
import uuid
from collections.abc import Collection, Mapping
from decimal import Decimal

from signtally.domain.cloud_events import checked_event
from signtally.domain.events import UsageEvent
from signtally.domain.history_mapping import FIELDS, OPTIONAL, FieldName, HistoryMapping
from signtally.domain.timestamps import rfc3339
from signtally.errors import SigntallyError

_ATTRIBUTES: tuple[FieldName, ...] = ("id", "source", "type", "time")  # of the event; all others belong into `data`
_TIMES: frozenset[FieldName] = frozenset(("time", "sent_at"))


class RowReason(enum.StrEnum):
    """Why a line of a text file is no row. A bad value in a row has a reason of `DeadLetterReason` instead."""

    NOT_UTF8 = "not-utf-8"
    NOT_CSV = "not-csv"
    COLUMN_COUNT = "wrong-column-count"
    LINE_TOO_LONG = "line-too-long"

    @property
    def explanation(self) -> str:
        """One sentence for a person; `docs/importing.md` lists them from here."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    RowReason.NOT_UTF8: "The line is not UTF-8.",
    RowReason.NOT_CSV: "A quoted field does not end, or goes on behind its closing quote.",
    RowReason.COLUMN_COUNT: "The row has more or fewer fields than the first line has names.",
    RowReason.LINE_TOO_LONG: "The line is longer than 1 MiB.",
}


class TimeWithoutZoneError(SigntallyError, ValueError):
    """A column's type says that none of its times has an offset, and the mapping does not say their zone."""


class MissingColumnsError(SigntallyError, LookupError):
    """Fields that an event needs have no column."""

    def __init__(self, missing: Mapping[FieldName, str]) -> None:
        super().__init__(", ".join(missing.values()))
        self.missing = missing


class RowReader:
    """Turns rows into events, by one mapping of columns to fields. Raises MissingColumnsError when one is missing."""

    def __init__(self, mapping: HistoryMapping, columns: Collection[str]) -> None:
        wanted = {field: column for field in FIELDS if (column := mapping.column_of(field)) is not None}
        missing = {field: column for field, column in wanted.items() if column not in columns}
        # A column that the mapping names must be there; one that merely may bear our own name need not.
        needed = {field: name for field, name in missing.items() if field not in OPTIONAL or field in mapping.columns}
        if needed:
            raise MissingColumnsError(needed)
        self._columns = {field: column for field, column in wanted.items() if field not in missing}
        self._constants = dict(mapping.constants)
        self._types = mapping.types
        self._zone = mapping.zone

    @property
    def columns(self) -> list[str]:
        """The columns that are read, each once."""
        return list(dict.fromkeys(self._columns.values()))

    def event(self, values: Mapping[str, object], *, latest: dt.datetime, text_limit_bytes: int) -> UsageEvent:
        """Raises BadEventError as for a message of the queue, TimeWithoutZoneError when a whole column has no zone."""
        found: dict[FieldName, object] = {**self._constants}
        for field, column in self._columns.items():
            value = values[column]
            if value is not None:
                found[field] = self._time(value, column) if field in _TIMES else _text(value)
        kind = found.get("type")
        if isinstance(kind, str):
            found["type"] = self._types.get(kind, kind)
        data = {field: value for field, value in found.items() if field not in _ATTRIBUTES}
        attributes = {field: found[field] for field in _ATTRIBUTES if field in found}
        return checked_event(
            {"specversion": "1.0", **attributes, "data": data}, latest=latest, text_limit_bytes=text_limit_bytes
        )

    def _time(self, value: object, column: str) -> object:
        if isinstance(value, str):
            return rfc3339(value, zone=self._zone)
        if isinstance(value, dt.datetime):
            if value.tzinfo is None and self._zone is None:
                raise TimeWithoutZoneError(column)
            return rfc3339(value.isoformat(), zone=self._zone)
        return _text(value)


def to_jsonable(value: object) -> object:
    """A value of a table as one that JSON has."""
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="backslashreplace")
    return value.isoformat() if isinstance(value, dt.datetime | dt.date) else str(value)


def _text(value: object) -> object:
    """Tables keep ids as numbers, UUIDs or bytes too.

    A fraction, a truth value or something with parts is nobody's id: it stays what it is, to be refused like any other.
    """
    if isinstance(value, bool | float | list | dict):
        return value
    if isinstance(value, Decimal):
        return str(int(value)) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="surrogateescape")  # what is no UTF-8 is refused for its characters
    return str(value) if isinstance(value, int | uuid.UUID) else to_jsonable(value)
