"""Checks of a record against its table: time window, partition key, columns, limits."""

from dataclasses import dataclass, field

from timestream_local.catalog.schema import Column, ColumnKind, ScalarType, Table
from timestream_local.store.retention import IngestionWindow, Store
from timestream_local.writing.conflicts import Rejection
from timestream_local.writing.records import RECORD_BYTES, Record, Shape

MOST_TABLE_DIMENSIONS = 128
MOST_TABLE_MEASURES = 1_024


@dataclass(slots=True)
class Admission:
    """Checks records against one table at one instant, and collects the columns that they add."""

    table: Table
    window: IngestionWindow
    columns: dict[str, Column]
    new_columns: list[Column] = field(default_factory=list)
    _verdicts: dict[Shape, str | None] = field(default_factory=dict)

    @classmethod
    def to(cls, table: Table, now_ns: int) -> "Admission":
        return cls(table, IngestionWindow.of(table, now_ns), dict(table.by_name))

    def admit(self, record: Record, index: int, rejections: list[Rejection]) -> Store | None:
        """Return the store that takes *record*, or add to *rejections*."""
        store = self.window.store(record.time_ns)
        if store is None:
            rejections.append(Rejection(index, self.window.reason()))
            return None
        reason = self._verdict(record)
        if reason is not None:
            rejections.append(Rejection(index, reason))
            return None
        return store

    def _verdict(self, record: Record) -> str | None:
        shape = record.shape
        if record.bytes > RECORD_BYTES:
            # That the record and not the call is refused is what "RejectedRecords" in the API reference says.
            return f"The record size {record.bytes} exceeds the limit of {RECORD_BYTES} bytes."
        if shape not in self._verdicts:
            self._verdicts[shape] = self._judge(shape)
        return self._verdicts[shape]

    def _judge(self, shape: Shape) -> str | None:
        key = self.table.partition_key
        if key.required and key.name not in shape.dimensions:
            return f"The record does not contain the required partition key dimension '{key.name}'."  # unconfirmed
        kind = ColumnKind.MULTI if shape.multi else ColumnKind.MEASURE_VALUE
        wanted = [Column(name, ScalarType.VARCHAR, ColumnKind.DIMENSION) for name in shape.dimensions]
        wanted += [Column(name, ScalarType(scalar), kind) for name, scalar in shape.measures]
        fresh = []
        for column in wanted:
            known = self.columns.get(column.name)
            if known is None:
                fresh.append(column)
            elif known != column:
                return (
                    f"The column '{column.name}' exists as {known.kind} of type {known.type} "
                    f"and cannot take {column.kind} of type {column.type}."  # text unconfirmed
                )
        return self._widen(fresh)

    def _widen(self, fresh: list[Column]) -> str | None:
        """Take new columns in, unless the table then has too many ("Quotas")."""
        known = [*self.columns.values(), *fresh]
        dimensions = sum(column.kind is ColumnKind.DIMENSION for column in known)
        measures = sum(column.kind is ColumnKind.MULTI for column in known)
        if dimensions > MOST_TABLE_DIMENSIONS:
            return f"The table would have more than {MOST_TABLE_DIMENSIONS} dimensions."
        if measures > MOST_TABLE_MEASURES:
            return f"The table would have more than {MOST_TABLE_MEASURES} multi-measure attributes."
        self.columns.update((column.name, column) for column in fresh)
        self.new_columns.extend(fresh)
        return None
