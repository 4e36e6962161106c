"""Events and daily usage as Timestream records, and what its rejections mean."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from signtally.aws.timestream_sql import day_instant
from signtally.domain.actions import MEASURES
from signtally.domain.dead_letters import DeadLetterReason
from signtally.domain.events import ReceivedEvent, event_of_row
from signtally.domain.schemas import AFTER, BEFORE, IDENTITY, RESTATEMENTS
from signtally.domain.time_units import MICROSECOND, UNIX_EPOCH
from signtally.ports.usage_store import WriteOutcome, WriteResult

if TYPE_CHECKING:
    from mypy_boto3_timestream_write.literals import MeasureValueTypeType
    from mypy_boto3_timestream_write.type_defs import DimensionTypeDef, MeasureValueTypeDef, RecordTypeDef

_RECORD_LIMIT_BYTES = 2048  # for a record, and for one dimension with its name
# An event's record without its texts: the names of its columns (88 bytes), action, measure name, three instants and a
# message id of at most 100 characters.
_EVENT_WITHOUT_TEXTS_BYTES = 256
EVENT_TEXT_LIMIT_BYTES = _RECORD_LIMIT_BYTES - _EVENT_WITHOUT_TEXTS_BYTES
_NAMELESS_VERSION = 2  # of an event whose names were taken out
# A row of daily usage: the names of its columns, a figure for each of eight measures, an instant, a day, a zone.
_ROW_WITHOUT_TEXTS_BYTES = 340
# Never event_id: a record must keep a dimension of its own.
_SHAREABLE = ("tenant_id", "user_id", "action")


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """What one WriteRecords call carries: what its records share, stated (and paid for) once, and the records."""

    common: "RecordTypeDef"
    records: "list[RecordTypeDef]"

    def halves(self) -> "tuple[Batch, Batch]":
        middle = len(self.records) // 2
        return Batch(self.common, self.records[:middle]), Batch(self.common, self.records[middle:])


@dataclasses.dataclass(frozen=True, slots=True)
class Rejection:
    """One record that was not written, in Timestream's words."""

    reason: str
    existing_version: int | None = None

    @property
    def exists_already(self) -> bool:
        return "already exists" in self.reason

    @property
    def is_outdated(self) -> bool:
        """A newer version stands, or this very version with other values."""
        return "is lower than the existing version" in self.reason or self.exists_already

    @property
    def is_outside_time_range(self) -> bool:
        return "outside the time range" in self.reason or "ingestion window" in self.reason


def event_batch(events: Sequence[ReceivedEvent], *, version: int = 1) -> Batch:
    dimensions = [
        {
            "tenant_id": received.event.tenant_id,
            "user_id": received.event.user_id,
            "action": str(received.event.action),
            "event_id": received.event.event_id,
        }
        for received in events
    ]
    shared = {name: dimensions[0][name] for name in _SHAREABLE if len({each[name] for each in dimensions}) == 1}
    common: RecordTypeDef = {"MeasureName": "event", "MeasureValueType": "MULTI", "TimeUnit": "MICROSECONDS"}
    if version > 1:  # an event's first is Timestream's own default
        common["Version"] = version
    if shared:
        common["Dimensions"] = _dimensions(shared)
    records: list[RecordTypeDef] = [
        {
            "Dimensions": _dimensions({name: value for name, value in own.items() if name not in shared}),
            "Time": microseconds(received.event.occurred_at),
            "MeasureValues": _event_measures(received),
        }
        for received, own in zip(events, dimensions, strict=True)
    ]
    return Batch(common, records)


def nameless_batch(rows: pl.DataFrame) -> Batch:
    """Stored events, schema EVENTS, over themselves without names."""
    return event_batch(
        [event_of_row({**row, "user_name": None, "user_email": None}) for row in rows.iter_rows(named=True)],
        version=_NAMELESS_VERSION,
    )


def usage_batch(rows: pl.DataFrame, *, version: int, counted_at: str) -> Batch:
    """Rows of schema DAILY_USAGE; a higher version replaces a lower one. *counted_at* is in microseconds."""
    common: RecordTypeDef = {
        "MeasureName": "usage",
        "MeasureValueType": "MULTI",
        "TimeUnit": "MICROSECONDS",
        "Version": version,
    }
    return Batch(common, [_usage_record(row, counted_at=counted_at) for row in rows.iter_rows(named=True)])


def restatement_batch(rows: pl.DataFrame, *, version: int) -> Batch:
    """Rows of schema RESTATEMENTS; their time is when the day was restated."""
    figures = [name for name in RESTATEMENTS if name.startswith((BEFORE, AFTER))]
    common: RecordTypeDef = {
        "MeasureName": "restatement",
        "MeasureValueType": "MULTI",
        "TimeUnit": "MICROSECONDS",
        "Version": version,
    }
    records: list[RecordTypeDef] = [
        {
            "Dimensions": _dimensions({name: str(row[name]) for name in ("tenant_id", "day", "reason")}),
            "Time": microseconds(row["restated_at"]),
            "MeasureValues": [_measure(name, str(row[name]), "BIGINT") for name in figures],
        }
        for row in rows.iter_rows(named=True)
    ]
    return Batch(common, records)


def superseded_batch(rows: pl.DataFrame) -> Batch:
    """Rows of schema IDENTITY, keyed as their events are: written again they are the same records."""
    common: RecordTypeDef = {
        "MeasureName": "superseded",
        "MeasureValueType": "MULTI",
        "TimeUnit": "MICROSECONDS",
    }
    dimensions = [name for name in IDENTITY if name != "occurred_at"]
    records: list[RecordTypeDef] = [
        {
            "Dimensions": _dimensions({name: row[name] for name in dimensions}),
            "Time": microseconds(row["occurred_at"]),
            "MeasureValues": [_measure("is_superseded", "true", "BOOLEAN")],
        }
        for row in rows.iter_rows(named=True)
    ]
    return Batch(common, records)


def outcome(received: ReceivedEvent, rejection: Rejection | None) -> WriteOutcome:
    if rejection is None:
        return WriteOutcome(WriteResult.STORED)
    if rejection.is_outdated:  # it exists, or stands without the names that it came with
        return WriteOutcome(WriteResult.DUPLICATE)
    if rejection.is_outside_time_range:
        # What had happened when its message was sent is outside for being old; the rest had not happened yet.
        early = received.event.occurred_at > received.received_at
        reason = DeadLetterReason.TOO_FAR_AHEAD if early else DeadLetterReason.TOO_OLD
        return WriteOutcome(WriteResult.REFUSED, reason, rejection.reason)
    return WriteOutcome(WriteResult.REFUSED, DeadLetterReason.REFUSED_BY_TIMESTREAM, rejection.reason)


def microseconds(instant: dt.datetime) -> str:
    """Since 1970, exactly: a float of seconds would be wrong in the last digit."""
    return str((instant - UNIX_EPOCH) // MICROSECOND)


def _event_measures(received: ReceivedEvent) -> "list[MeasureValueTypeDef]":
    event = received.event
    measures = [
        _measure("document_id", event.document_id),
        _measure("received_at", microseconds(received.received_at), "TIMESTAMP"),
        _measure("message_id", received.message_id),
    ]
    if event.sent_at is not None:
        measures.append(_measure("sent_at", microseconds(event.sent_at), "TIMESTAMP"))
    return measures + _texts({"user_name": event.user_name, "user_email": event.user_email})


def _usage_record(row: Mapping[str, object], *, counted_at: str) -> "RecordTypeDef":
    day = row["day"]
    assert isinstance(day, dt.date)  # noqa: S101 -- the schema says so; mypy cannot see it
    dimensions = {"tenant_id": str(row["tenant_id"]), "user_id": str(row["user_id"]), "day": day.isoformat()}
    room = _RECORD_LIMIT_BYTES - _ROW_WITHOUT_TEXTS_BYTES - sum(len(value.encode()) for value in dimensions.values())
    texts = {name: _shortened(row[name], room_bytes=room // 2) for name in ("user_name", "user_email")}
    return {
        "Dimensions": _dimensions(dimensions),
        "Time": microseconds(day_instant(day)),
        "MeasureValues": [_measure(name, str(row[name]), "BIGINT") for name in MEASURES]
        + [_measure("counted_at", counted_at, "TIMESTAMP")]
        + _texts({**texts, "timezone": str(row["timezone"])}),
    }


def _shortened(text: object, *, room_bytes: int) -> str | None:
    """Cut a name that would make the record too long for Timestream, and show by an ellipsis that it was cut."""
    if not text or len(str(text).encode()) <= room_bytes:
        return str(text) if text else None
    ellipsis = "…"
    kept = str(text).encode()[: max(0, room_bytes - len(ellipsis.encode()))].decode(errors="ignore")
    return kept + ellipsis if kept else None


def _dimensions(values: Mapping[str, str]) -> "list[DimensionTypeDef]":
    return [{"Name": name, "Value": value} for name, value in values.items()]


def _texts(values: Mapping[str, str | None]) -> "list[MeasureValueTypeDef]":
    """Timestream knows no empty text: what is empty is left out, and reads as null."""
    return [_measure(name, value) for name, value in values.items() if value]


def _measure(name: str, value: str, kind: "MeasureValueTypeType" = "VARCHAR") -> "MeasureValueTypeDef":
    return {"Name": name, "Value": value, "Type": kind}
