"""What exists: databases, tables, their retention, partition keys and columns, as immutable values."""

import enum
from dataclasses import dataclass, field
from functools import cached_property

HOUR_NS = 3_600 * 10**9
DAY_NS = 24 * HOUR_NS


class ScalarType(enum.StrEnum):
    """The types of a measure, each with the DuckDB type that keeps it."""

    VARCHAR = "VARCHAR"
    BIGINT = "BIGINT"
    DOUBLE = "DOUBLE"
    BOOLEAN = "BOOLEAN"
    TIMESTAMP = "TIMESTAMP"

    @property
    def stored_as(self) -> str:
        return "TIMESTAMP_NS" if self is ScalarType.TIMESTAMP else self.value


class ColumnKind(enum.StrEnum):
    """What DESCRIBE calls the "Timestream attribute type"."""

    DIMENSION = "DIMENSION"
    MEASURE_NAME = "MEASURE_NAME"
    TIMESTAMP = "TIMESTAMP"
    MEASURE_VALUE = "MEASURE_VALUE"
    MULTI = "MULTI"


@dataclass(frozen=True, slots=True)
class Column:
    """One column that queries see; it comes into being with the first record that has it."""

    name: str
    type: ScalarType
    kind: ColumnKind


MEASURE_NAME = Column("measure_name", ScalarType.VARCHAR, ColumnKind.MEASURE_NAME)
TIME = Column("time", ScalarType.TIMESTAMP, ColumnKind.TIMESTAMP)


@dataclass(frozen=True, slots=True)
class PartitionKey:
    """The one customer-defined partition key; *name* is None for the key MEASURE, which is the measure name."""

    type: str
    name: str | None = None
    required: bool = False

    def describe(self) -> dict[str, object]:
        if self.name is None:
            return {"Type": self.type}
        enforcement = "REQUIRED" if self.required else "OPTIONAL"
        return {"Type": self.type, "Name": self.name, "EnforcementInRecord": enforcement}


@dataclass(frozen=True, slots=True)
class Retention:
    """How long records stay in the memory store, and after it in the magnetic store."""

    memory_hours: int = 6
    magnetic_days: int = 73_000

    @property
    def memory_ns(self) -> int:
        return self.memory_hours * HOUR_NS

    @property
    def total_ns(self) -> int:
        return self.memory_ns + self.magnetic_days * DAY_NS


@dataclass(frozen=True)
class Table:
    """A table and the columns that its records have brought so far."""

    id: int
    database: str
    name: str
    created_at: float
    updated_at: float
    retention: Retention = Retention()
    magnetic_writes: dict[str, object] = field(default_factory=lambda: {"EnableMagneticStoreWrites": False})
    partition_key: PartitionKey = PartitionKey("MEASURE")
    added: tuple[Column, ...] = ()

    @property
    def takes_magnetic_writes(self) -> bool:
        return bool(self.magnetic_writes.get("EnableMagneticStoreWrites"))

    @property
    def physical_name(self) -> str:
        return f"records.t{self.id}"

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Every column in the order of ``SELECT *``: dimensions, measure_name, time, measures."""
        dimensions = [column for column in self.added if column.kind is ColumnKind.DIMENSION]
        measures = [column for column in self.added if column.kind is not ColumnKind.DIMENSION]
        return (*dimensions, MEASURE_NAME, TIME, *measures)

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}


@dataclass(frozen=True)
class Database:
    """A database: a name over tables."""

    name: str
    created_at: float
    updated_at: float
    kms_key_id: str
