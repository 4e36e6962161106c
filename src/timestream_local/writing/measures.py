"""The text of a measure → its value, by type.

"Supported data types" and "Quotas" of the developer guide; the texts of the errors are unconfirmed.
"""

import math
import re
from collections.abc import Callable

from timestream_local.catalog.schema import ScalarType
from timestream_local.protocol.errors import ValidationError

type_of = ScalarType.__members__.get

LONGEST_VALUE = 2_048
BIGINT_LIMIT = 2**63
UNIT_NS = {"SECONDS": 10**9, "MILLISECONDS": 10**6, "MICROSECONDS": 10**3, "NANOSECONDS": 1}
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_DOUBLE = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False}

Value = str | int | float | bool


def _invalid(text: str, kind: ScalarType) -> ValidationError:
    return ValidationError(f"The value {text} is not a valid {kind}.")


def bigint(text: str, _unit_ns: int) -> int:
    if not _INTEGER.fullmatch(text) or not -BIGINT_LIMIT <= (value := int(text)) < BIGINT_LIMIT:
        raise _invalid(text, ScalarType.BIGINT)
    return value


def double(text: str, _unit_ns: int) -> float:
    """NaN and the infinities cannot be written ("Writes", data types)."""
    if not _DOUBLE.fullmatch(text) or not math.isfinite(value := float(text)):
        raise _invalid(text, ScalarType.DOUBLE)
    return value


def boolean(text: str, _unit_ns: int) -> bool:
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise _invalid(text, ScalarType.BOOLEAN)
    return value


def varchar(text: str, _unit_ns: int) -> str:
    return text


def timestamp(text: str, unit_ns: int) -> int:
    """An epoch integer in the record's TimeUnit; Timestream knows no time before 1970."""
    if not text.isascii() or not text.isdigit() or (value := int(text) * unit_ns) >= BIGINT_LIMIT:
        raise _invalid(text, ScalarType.TIMESTAMP)
    return value


PARSERS: dict[str, Callable[[str, int], Value]] = {
    "VARCHAR": varchar,
    "BIGINT": bigint,
    "DOUBLE": double,
    "BOOLEAN": boolean,
    "TIMESTAMP": timestamp,
}
