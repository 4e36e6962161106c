"""The records of one WriteRecords call: common attributes merged in, checked, typed, hashed.

Rules from the API reference of WriteRecords, Record, Dimension and MeasureValue, and from "Quotas" in the guide.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from timestream_local.protocol.constraints import Violations, length_text
from timestream_local.protocol.errors import SerializationError, ValidationError
from timestream_local.writing.measures import BIGINT_LIMIT, LONGEST_VALUE, PARSERS, UNIT_NS, Value

LONGEST_DIMENSION_NAME = 60
LONGEST_NAME = 256
MOST_RECORDS = 100
MOST_DIMENSIONS = 128
MOST_MEASURES = 256
RESERVED = frozenset({"time", "measure_value", "ts_non_existent_col"})
RESERVED_PREFIXES = ("ts_", "measure_name")
RECORD_BYTES = 2_048

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Prints the values of certain names as ``repr(sorted(values.items()))`` does, in a third of its time."""

    names: tuple[str, ...]
    form: str

    @classmethod
    def of(cls, names: Iterable[str]) -> "Pairs":
        ordered = tuple(sorted(names))
        pairs = ", ".join(f"({name!r}, ".replace("%", "%%") + "%r)" for name in ordered)
        return cls(ordered, f"[{pairs}]")

    def text(self, values: dict[str, Any]) -> str:
        return self.form % tuple([values[name] for name in self.names])


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Which columns a record has: dimensions, and measures with their types. Most records of a batch share one object.

    Shapes are measured apart by identity, as they are looked up for every record and their names are many.
    """

    dimensions: tuple[str, ...]
    measures: tuple[tuple[str, str], ...]
    multi: bool
    dimension_pairs: Pairs
    measure_pairs: Pairs


@dataclass(slots=True)
class Record:
    """One record, ready to be stored. *identity* hashes dimensions, time and measure name; *digest* the measures."""

    shape: Shape
    time_ns: int
    version: int
    measure_name: str
    values: dict[str, Value]
    identity: int
    digest: int
    bytes: int


@lru_cache(maxsize=10_000)
def check_name(name: str, longest: int) -> None:
    """Refuse names that are reserved or too long ("Reserved keywords" and "Quotas")."""
    if not isinstance(name, str):
        raise SerializationError("A name must be a string.")
    if not name or len(name.encode()) > longest:
        raise ValidationError(f"The name '{name}' must have between 1 and {longest} bytes.")
    if "\0" in name or name in RESERVED or name.startswith(RESERVED_PREFIXES):
        raise ValidationError(f"The name '{name}' is reserved.")


@lru_cache(maxsize=10_000)
def interned_shape(dimensions: tuple[str, ...], measures: tuple[tuple[str, str], ...], *, multi: bool) -> Shape:
    """Return the one checked Shape object for these columns."""
    for name in dimensions:
        check_name(name, LONGEST_DIMENSION_NAME)
    for name, _ in measures:
        if multi:
            check_name(name, LONGEST_NAME)
    names = (*dimensions, *(name for name, _ in measures))
    if len(set(names)) != len(names):
        # Two dimensions, two measures, or a dimension and a measure of the same name.
        twice = next(name for name in names if names.count(name) > 1)
        raise ValidationError(f"Duplicate name '{twice}': dimension and measure names must be unique in a record.")
    return Shape(dimensions, measures, multi, Pairs.of(dimensions), Pairs.of(name for name, _ in measures))


def parse_records(request: Json) -> list[Record]:
    """Return the records of a WriteRecords request, or raise the ValidationException for the whole call."""
    records = request.get("Records")
    common = request.get("CommonAttributes") or {}
    if not isinstance(records, list | None) or not isinstance(common, dict):
        raise SerializationError("Records must be a list and CommonAttributes a structure.")
    violations = Violations()
    violations.length(records, "records", most=MOST_RECORDS)
    violations.check()
    try:
        return [_parse(record, common, index) for index, record in enumerate(records or (), start=1)]
    except (TypeError, AttributeError, KeyError) as error:
        raise SerializationError(f"A record is malformed: {error}") from error


def _parse(record: Json, common: Json, index: int) -> Record:
    if common:
        record = _merged(record, common)
    unit_ns = UNIT_NS.get(record.get("TimeUnit") or "MILLISECONDS")
    if unit_ns is None:
        _refuse(record["TimeUnit"], f"records.{index}.member.timeUnit", f"satisfy enum value set: {sorted(UNIT_NS)}")
    dimensions = _dimensions(record, index)
    time_ns = _time(record.get("Time"), unit_ns)
    version = record.get("Version")
    version = 1 if version is None else version
    if not isinstance(version, int) or isinstance(version, bool):
        raise SerializationError("Version must be an integer.")
    if not 1 <= version < BIGINT_LIMIT:
        raise ValidationError("The record version must be greater than or equal to 1.")
    name = record.get("MeasureName")
    if not name:
        raise ValidationError("A measure name is required for a record.")
    check_name(name, LONGEST_NAME)
    measures, values, multi = _measures(record, unit_ns, index)
    shape = interned_shape(tuple(dimensions), tuple(measures), multi=multi)
    keyed = f"({shape.dimension_pairs.text(dimensions)}, {time_ns}, {name!r})"
    measured = shape.measure_pairs.text(values)  # a column has one type for ever, so the values tell it
    size = len(keyed) + len(measured)
    if size > RECORD_BYTES // 4:  # the exact size cannot reach the limit below that
        size = _size(dimensions, name, measures, values)
    return Record(shape, time_ns, version, name, {**dimensions, **values}, _hash(keyed), _hash(measured), size)


def _merged(record: Json, common: Json) -> Json:
    """Lay *record* over the common attributes; lists are joined (API reference of WriteRecords)."""
    merged = {**common, **{name: value for name, value in record.items() if value is not None}}
    for name in ("Dimensions", "MeasureValues"):
        if common.get(name) and record.get(name):
            merged[name] = [*common[name], *record[name]]
    return merged


def _refuse(value: object, where: str, constraint: str) -> None:
    violations = Violations()
    violations.add(value, where, constraint)
    violations.check()


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _time(text: object, unit_ns: int | None) -> int:
    if not isinstance(text, str) or not text.isascii() or not text.isdigit():
        raise ValidationError("Invalid time for record.")
    time_ns = int(text) * (unit_ns or 0) if len(text) <= len(str(BIGINT_LIMIT)) else BIGINT_LIMIT
    if time_ns >= BIGINT_LIMIT:
        raise ValidationError("Invalid time for record.")
    return time_ns


def _dimensions(record: Json, index: int) -> dict[str, str]:
    given = record.get("Dimensions")
    if not given:
        raise ValidationError("At least one dimension is required for a record.")
    if len(given) > MOST_DIMENSIONS:
        where = f"records.{index}.member.dimensions"
        _refuse(f"[{len(given)} members]", where, length_text(MOST_DIMENSIONS))
    dimensions: dict[str, str] = {}
    for dimension in given:
        name, value = dimension["Name"], dimension["Value"]
        if not isinstance(value, str):
            raise SerializationError("A dimension value must be a string.")
        if not value:  # unconfirmed: the model sets no least length, the guide speaks of values only
            raise ValidationError(f"The value of dimension '{name}' must not be empty.")
        if dimension.get("DimensionValueType", "VARCHAR") != "VARCHAR":
            where = f"records.{index}.member.dimensions.member.dimensionValueType"
            _refuse(dimension["DimensionValueType"], where, "satisfy enum value set: [VARCHAR]")
        if name in dimensions:
            raise ValidationError(f"Duplicate dimension '{name}' in a record and its common attributes.")
        dimensions[name] = value
    return dimensions


def _measures(record: Json, unit_ns: int | None, index: int) -> tuple[list[tuple[str, str]], dict[str, Value], bool]:
    """Return the (column, type) pairs of a record, its typed values by column, and whether it is MULTI."""
    kind = record.get("MeasureValueType") or "DOUBLE"
    if kind != "MULTI":
        if record.get("MeasureValues"):
            raise ValidationError("MeasureValues are allowed with the measure value type MULTI only.")
        if kind == "TIMESTAMP":
            raise ValidationError("TIMESTAMP is an invalid measure value type.")  # in MULTI only; captured
        column = f"measure_value::{kind.lower()}"
        given: list[Json] = [{"Name": column, "Value": record.get("MeasureValue"), "Type": kind}]
    else:
        given = record.get("MeasureValues") or []
        if not given or record.get("MeasureValue") is not None:
            raise ValidationError("A record of type MULTI needs MeasureValues and no MeasureValue.")
        if len(given) > MOST_MEASURES:
            _refuse(f"[{len(given)} members]", f"records.{index}.member.measureValues", length_text(MOST_MEASURES))
    measures: list[tuple[str, str]] = []
    values: dict[str, Value] = {}
    for measure in given:
        column, text, scalar = measure["Name"], measure["Value"], measure["Type"]
        parser = PARSERS.get(scalar)
        if parser is None or not isinstance(text, str) or not 1 <= len(text) <= LONGEST_VALUE:
            _refuse_measure(text, scalar, f"records.{index}.member.measureValues.{len(measures) + 1}.member")
            continue
        measures.append((column, scalar))
        values[column] = parser(text, unit_ns or 1)
    return measures, values, kind == "MULTI"


def _refuse_measure(text: object, scalar: object, where: str) -> None:
    violations = Violations()
    if scalar not in PARSERS:
        violations.one_of(scalar, f"{where}.type", tuple(PARSERS))
    if text is not None and not isinstance(text, str):
        raise SerializationError("A measure value must be a string.")
    violations.length(text, f"{where}.value", most=LONGEST_VALUE)
    violations.check()


def _size(dimensions: dict[str, str], name: str, measures: list[tuple[str, str]], values: dict[str, Value]) -> int:
    """The size of a record in bytes, as "Metering and pricing" counts it: names and values, 8 for time and numbers."""
    size = 8 + len(name.encode())
    for key, text in dimensions.items():
        size += len(key.encode()) + len(text.encode("utf-8", "surrogatepass"))
    for key, kind in measures:
        value = values[key]
        wide = len(value.encode("utf-8", "surrogatepass")) if isinstance(value, str) else 8
        size += len(key.encode()) + (1 if kind == "BOOLEAN" else wide)
    return size
