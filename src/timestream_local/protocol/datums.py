"""The types and values of a result as JSON.

Forms from the API reference (Datum, Type) and "Supported data types"; doubles as Java prints them.
"""

import math
from collections.abc import Callable
from typing import Any

import pyarrow as pa

Json = dict[str, Any]

US_PER_DAY = 86_400_000_000


def is_series(kind: pa.DataType) -> bool:
    """Whether a list is a time series: what CREATE_TIME_SERIES makes, points with the fields time and value."""
    if not pa.types.is_list(kind) or not pa.types.is_struct(kind.value_type):
        return False
    point = kind.value_type
    names = [point.field(index).name for index in range(point.num_fields)]
    return names == ["time", "value"] and pa.types.is_timestamp(point.field(0).type)


def type_of(kind: pa.DataType, *, months: bool = False) -> Json:
    """The Type member of a ColumnInfo; *months* tells the two kinds of interval apart, which only values show."""
    if is_series(kind):
        return {"TimeSeriesMeasureValueColumnInfo": {"Type": type_of(kind.value_type.field(1).type)}}
    if pa.types.is_list(kind):
        return {"ArrayColumnInfo": {"Type": type_of(kind.value_type)}}
    if pa.types.is_struct(kind):
        fields = [kind.field(index) for index in range(kind.num_fields)]
        return {"RowColumnInfo": [{"Name": field.name, "Type": type_of(field.type)} for field in fields]}
    return {"ScalarType": scalar_name(kind, months=months)}


def scalar_name(kind: pa.DataType, *, months: bool = False) -> str:
    for test, name in NAMES:
        if test(kind):
            return "INTERVAL_YEAR_TO_MONTH" if months and name == "INTERVAL_DAY_TO_SECOND" else name
    return "UNKNOWN"


NAMES: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_string, "VARCHAR"),
    (pa.types.is_boolean, "BOOLEAN"),
    (pa.types.is_int64, "BIGINT"),
    (pa.types.is_int32, "INTEGER"),
    (pa.types.is_float64, "DOUBLE"),
    (pa.types.is_timestamp, "TIMESTAMP"),
    (pa.types.is_date, "DATE"),
    (pa.types.is_time, "TIME"),
    (pa.types.is_interval, "INTERVAL_DAY_TO_SECOND"),
)


def data_of(column: pa.Array) -> list[Json]:
    """The Datum of each value of *column*."""
    kind = column.type
    if is_series(kind):
        return [_null() if point is None else _series(point) for point in _lists(column)]
    if pa.types.is_list(kind):
        return [_null() if item is None else {"ArrayValue": data_of(item)} for item in _lists(column)]
    if pa.types.is_struct(kind):
        fields = [data_of(field) for field in column.flatten()]
        valid = column.is_valid().to_pylist()
        rows = zip(valid, zip(*fields, strict=True), strict=True)
        return [{"RowValue": {"Data": list(values)}} if there else _null() for there, values in rows]
    return [_null() if text is None else {"ScalarValue": text} for text in texts_of(column)]


def _null() -> Json:
    return {"NullValue": True}


def _lists(column: pa.ListArray) -> list[pa.Array | None]:
    return [item.values if item.is_valid else None for item in column]


def _series(points: pa.StructArray) -> Json:
    times, values = points.flatten()
    pairs = zip(texts_of(times), data_of(values), strict=True)
    return {"TimeSeriesValue": [{"Time": time, "Value": value} for time, value in pairs]}


def texts_of(column: pa.Array) -> list[str | None]:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_null(kind):
        return list(column.to_pylist())
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        return list(column.cast(pa.string()).to_pylist())  # Arrow prints nanoseconds as the service does
    form = _form(kind)
    return [None if value is None else form(value) for value in column.to_pylist()]


def _form(kind: pa.DataType) -> Callable[[Any], str]:
    if pa.types.is_boolean(kind):
        return lambda value: "true" if value else "false"
    if pa.types.is_float64(kind):
        return double_text
    if pa.types.is_interval(kind):
        return interval_text
    return str


def time_text(ns: int) -> str:
    seconds, fraction = divmod(ns, 10**9)
    return f"{clock_text(seconds)}.{fraction:09d}"


def clock_text(seconds: int) -> str:
    return f"{seconds // 3_600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def interval_text(value: Any) -> str:  # noqa: ANN401 - pyarrow's MonthDayNano
    """``2-7`` for years and months, ``1 21:00:00.000000000`` for days to seconds."""
    if value.months:
        sign, months = ("-" if value.months < 0 else ""), abs(value.months)
        return f"{sign}{months // 12}-{months % 12}"
    ns = value.days * US_PER_DAY * 1_000 + value.nanoseconds
    sign, ns = ("-" if ns < 0 else ""), abs(ns)
    days, rest = divmod(ns, US_PER_DAY * 1_000)
    return f"{sign}{days} {time_text(rest)}"


def double_text(value: float) -> str:
    """Java's Double.toString: plain between 0.001 and 10,000,000, else ``1.6554878837710001E9``."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value == 0 or 1e-3 <= abs(value) < 1e7:  # noqa: PLR2004 - Java's own bounds
        return repr(value)
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = mantissa.partition(".")
    leading = len(whole + fraction) - len((whole + fraction).lstrip("0"))
    digits = (whole + fraction).strip("0")
    power = int(exponent or 0) + len(whole) - 1 - leading
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{power}"
