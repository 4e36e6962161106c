"""Interval literals and the instants that are known before a query runs: folded exactly, to the nanosecond."""

from dataclasses import dataclass
from fractions import Fraction

from sqlglot import exp

UNIT_NS = {
    "ns": 1,
    "nanosecond": 1,
    "us": 10**3,
    "microsecond": 10**3,
    "ms": 10**6,
    "millisecond": 10**6,
    "s": 10**9,
    "second": 10**9,
    "m": 60 * 10**9,
    "minute": 60 * 10**9,
    "h": 3_600 * 10**9,
    "hour": 3_600 * 10**9,
    "d": 86_400 * 10**9,
    "day": 86_400 * 10**9,
    "week": 7 * 86_400 * 10**9,
}
UNIT_MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True, slots=True)
class Interval:
    """Either months or nanoseconds, never both: Trino has two types of interval."""

    months: int
    ns: int

    @classmethod
    def of(cls, count: int, unit: str) -> "Interval":
        return cls(count * UNIT_MONTHS.get(unit, 0), count * UNIT_NS.get(unit, 0))

    @classmethod
    def parse(cls, count: str, unit: str) -> "Interval":
        """An interval literal: ``15`` and ``m``, or ``72.5`` and ``h``. Raises ValueError for half a month."""
        return cls.of(int(count), unit) if unit in UNIT_MONTHS else cls(0, int(Fraction(count) * UNIT_NS[unit]))

    @property
    def is_exact(self) -> bool:
        """Whether DuckDB's INTERVAL, which counts microseconds, can hold it."""
        return self.ns % 1_000 == 0

    def expression(self) -> exp.Expr:
        name, count = ("to_months", self.months) if self.months else ("to_microseconds", self.ns // 1_000)
        node = exp.Anonymous(this=name, expressions=[big(count)])
        node.meta["interval"] = self
        return node


def big(number: int) -> exp.Expr:
    return exp.cast(exp.Literal.string(str(number)), "BIGINT")


def instant(ns: int) -> exp.Expr:
    """The timestamp *ns* after 1970 as an expression that DuckDB folds, and that we fold further."""
    node = exp.Anonymous(this="make_timestamp_ns", expressions=[big(ns)])
    node.meta["instant"] = ns
    return node
