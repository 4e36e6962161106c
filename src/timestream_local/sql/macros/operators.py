"""Operators: "Mathematical operators" and "Date / time operators" of the developer guide."""

from timestream_local.sql.macros.definition import DAY_US, MICROS, NS, failing, macro, numeric

NEGATIVE = "'Timestream does not support negative time values'"

INSTANT = f"CASE WHEN ns >= 0 THEN make_timestamp_ns(ns) ELSE {failing(NEGATIVE, NS)} END"


def shifted(sign: str, moment: str = "a", interval: str = "b") -> str:
    """A timestamp moved by an interval: months by the calendar, all else exactly, nanoseconds kept."""
    return f"ts_instant(epoch_ns({MICROS.format(moment)} {sign} {interval}) + epoch_ns({moment}) % 1000)"


def moved_date(sign: str) -> str:
    message = "'Cannot add hour, minutes or seconds to a date'"
    whole = f"epoch_us(b) % {DAY_US} = 0"
    return f"CASE WHEN {whole} THEN CAST(a {sign} b AS DATE) ELSE {failing(message, 'DATE')} END"


def joined_intervals(sign: str) -> str:
    """Day-to-second and year-to-month intervals do not mix."""
    message = "'Cannot combine interval day to second with interval year to month'"
    months = "datepart('year', {0}) * 12 + datepart('month', {0})"
    mixed = f"({months.format('a')} <> 0) <> ({months.format('b')} <> 0)"
    return f"CASE WHEN {mixed} THEN {failing(message, 'INTERVAL')} ELSE a {sign} b END"


def operators() -> list[list[str]]:
    return [
        macro("ts_instant", ("ns", INSTANT)),
        macro(
            "ts_add",
            *numeric("a + b"),
            (f"a {NS}, b INTERVAL", shifted("+")),
            (f"a INTERVAL, b {NS}", shifted("+", "b", "a")),
            ("a DATE, b INTERVAL", moved_date("+")),
            ("a INTERVAL, b INTERVAL", joined_intervals("+")),
        ),
        macro(
            "ts_subtract",
            *numeric("a - b"),
            (f"a {NS}, b INTERVAL", shifted("-")),
            ("a DATE, b INTERVAL", moved_date("-")),
            ("a INTERVAL, b INTERVAL", joined_intervals("-")),
        ),
        macro("ts_multiply", *numeric("a * b"), ("a INTERVAL, b BIGINT", "a * b"), ("a BIGINT, b INTERVAL", "b * a")),
        macro(
            "ts_divide",
            ("a INTEGER, b INTEGER", "a // b"),
            ("a BIGINT, b BIGINT", "a // b"),
            ("a DOUBLE, b DOUBLE", "a / b"),
        ),
        macro("ts_modulo", *numeric("a % b")),
        macro("ts_shift_ns", (f"a {NS}, ns", "ts_instant(epoch_ns(a) + ns)")),
        # Trino's corr and regr_… are NULL where they cannot be computed.
        macro("ts_finite", ("a", "CASE WHEN isfinite(a) THEN a END")),
        # sum() of integers is HUGEINT in DuckDB, BIGINT in Trino, which fails when it overflows.
        macro(
            "ts_total", ("a BIGINT", "a"), ("a HUGEINT", "CAST(a AS BIGINT)"), ("a DOUBLE", "a"), ("a INTERVAL", "a")
        ),
    ]
