"""DuckDB macros that give Trino's meaning where DuckDB's own differs.

A macro is inlined when a query is bound, so it costs nothing at run time, and its typed overloads choose by operand
types, which a translator cannot know. What goes wrong inside them is raised as a failing cast of ``!message``, because
DuckDB's error() is volatile and may not stand inside TRY.

Rules from "Date / time operators", "Date / time functions", "Mathematical operators", "Conversion functions" and "Array
functions" of the developer guide, and from Trino's documentation, which that guide reprints, where it is silent.
"""

from __future__ import annotations

NS = "TIMESTAMP_NS"
NUMBERS = ("INTEGER", "BIGINT", "DOUBLE")
DAY_US = 86_400_000_000


def failing(message: str, kind: str = "BIGINT") -> str:
    """An expression that fails with *message*, an SQL string expression, once it is evaluated."""
    cast = f"CAST(concat('!', {message}) AS BIGINT)"
    return {
        "BIGINT": cast,
        NS: f"make_timestamp_ns({cast})",
        "DATE": f"CAST(make_timestamp({cast}) AS DATE)",
        "INTERVAL": f"to_microseconds({cast})",
        "BOOLEAN": f"CAST({cast} AS BOOLEAN)",
    }[kind]


OVERLOADS: dict[str, list[tuple[str, ...]]] = {}
"""The parameter types of every macro that has more than one form; ANY takes what comes."""


def macro(name: str, *overloads: tuple[str, str]) -> list[str]:
    """The statements that make a macro; parameters are written as ``a BIGINT, b``.

    One with overloads is made once under its own name, and once for each of them under a name with the types.
    """
    bodies = ", ".join(f"({parameters}) AS ({body})" for parameters, body in overloads)
    statements = [f"CREATE OR REPLACE MACRO {name} {bodies}"]
    split = [[parameter.split() for parameter in parameters.split(",")] for parameters, _ in overloads]
    if not any(len(parameter) > 1 for parameters in split for parameter in parameters):
        return statements
    OVERLOADS[name] = [tuple(parameter[1] if parameter[1:] else "ANY" for parameter in parameters) for parameters in split]
    for parameters, kinds, (_, body) in zip(split, OVERLOADS[name], overloads, strict=True):
        plain = ", ".join(parameter[0] for parameter in parameters)
        statements.append(f"CREATE OR REPLACE MACRO {typed_name(name, kinds)}({plain}) AS ({body})")
    return statements


def typed_name(name: str, kinds: tuple[str, ...]) -> str:
    return "__".join((name, *kinds)).replace("[]", "_list")


def numeric(body: str, *, parameters: str = "a {0}, b {0}") -> list[tuple[str, str]]:
    return [(parameters.format(kind), body) for kind in NUMBERS]


# DuckDB rounds when it casts nanoseconds to microseconds, which may lead into the next day: cut instead.
MICROS = "make_timestamp(epoch_ns({0}) // 1000)"
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
        macro("ts_divide", ("a INTEGER, b INTEGER", "a // b"), ("a BIGINT, b BIGINT", "a // b"), ("a DOUBLE, b DOUBLE", "a / b")),
        macro("ts_modulo", *numeric("a % b")),
        macro("ts_shift_ns", (f"a {NS}, ns", "ts_instant(epoch_ns(a) + ns)")),
        # sum() of integers is HUGEINT in DuckDB, BIGINT in Trino, which fails when it overflows.
        macro("ts_total", ("a BIGINT", "a"), ("a HUGEINT", "CAST(a AS BIGINT)"), ("a DOUBLE", "a"), ("a INTERVAL", "a")),
    ]


def java_text() -> list[list[str]]:
    """DOUBLE → the text that Java's Double.toString gives: 1.0E7, 1.0E-4, and plain between 0.001 and 10,000,000."""
    digits = "split_part(split_part(s, 'e', 1), '.', 1) || split_part(split_part(s, 'e', 1), '.', 2)"
    shown = f"rtrim(ltrim({digits}, '0'), '0')"
    power = (
        "length(split_part(split_part(s, 'e', 1), '.', 1)) - 1 + coalesce(TRY_CAST(split_part(s, 'e', 2) AS INTEGER), 0) "
        f"- (length({digits}) - length(ltrim({digits}, '0')))"
    )
    scientific = f"{shown}[1] || '.' || CASE WHEN length({shown}) > 1 THEN {shown}[2:] ELSE '0' END || 'E' || ({power})"
    plain = "abs(x) >= 1e-3::DOUBLE AND abs(x) < 1e7::DOUBLE"
    return [
        macro("ts_scientific", ("s", scientific)),
        macro(
            "ts_java_double",
            (
                "x",
                "CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END "
                f"WHEN x = 0 OR {plain} THEN CAST(x AS VARCHAR) "
                "ELSE CASE WHEN x < 0 THEN '-' ELSE '' END || ts_scientific(CAST(abs(x) AS VARCHAR)) END",
            ),
        ),
    ]


def whole_number(kind: str) -> list[tuple[str, str]]:
    """Casts to a whole number: doubles round half away from zero, text must be a whole number already."""
    refused = failing(f"'Cannot cast ''' || a || ''' to {kind}'")
    text = f"CASE WHEN regexp_full_match(a, '[+-]?[0-9]+') THEN CAST(a AS {kind}) ELSE CAST({refused} AS {kind}) END"
    return [
        ("a INTEGER", f"CAST(a AS {kind})"),
        ("a BIGINT", f"CAST(a AS {kind})"),
        ("a DOUBLE", f"CAST(round(a) AS {kind})"),
        ("a BOOLEAN", f"CAST(a AS {kind})"),
        ("a VARCHAR", text),
    ]


def casts() -> list[list[str]]:
    stamp = "strftime(a, '%Y-%m-%d %H:%M:%S.%n')"
    return [
        *java_text(),
        macro(
            "ts_to_varchar",
            ("a VARCHAR", "a"),
            ("a BIGINT", "CAST(a AS VARCHAR)"),
            ("a BOOLEAN", "CAST(a AS VARCHAR)"),
            ("a DOUBLE", "ts_java_double(a)"),
            (f"a {NS}", stamp),
            ("a DATE", "CAST(a AS VARCHAR)"),
            ("a TIME_NS", "left(CAST(a AS VARCHAR) || CASE WHEN CAST(a AS VARCHAR) LIKE '%.%' THEN '' ELSE '.' END || '000000000', 18)"),
        ),
        macro("ts_to_bigint", *whole_number("BIGINT")),
        macro("ts_to_integer", *whole_number("INTEGER")),
        macro("ts_to_double", *[(f"a {kind}", "CAST(a AS DOUBLE)") for kind in ("DOUBLE", "VARCHAR", "BOOLEAN")]),
        macro("ts_to_boolean", *[(f"a {kind}", "CAST(a AS BOOLEAN)") for kind in ("BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR")]),
        macro("ts_to_timestamp", (f"a {NS}", "a"), ("a DATE", f"CAST(a AS {NS})"), ("a VARCHAR", f"CAST(a AS {NS})")),
        macro("ts_to_date", ("a DATE", "a"), (f"a {NS}", f"CAST({MICROS.format('a')} AS DATE)"), ("a VARCHAR", "CAST(a AS DATE)")),
        macro("ts_to_time", ("a TIME_NS", "a"), ("a VARCHAR", "CAST(a AS TIME_NS)"), (f"a {NS}", "CAST(strftime(a, '%H:%M:%S.%n') AS TIME_NS)")),
    ]


def over_time(body: str) -> list[tuple[str, str]]:
    """Overloads for what takes a timestamp, a date, or a string that stands for a timestamp."""
    stamp = f"CAST(a AS {NS})"
    return [
        (f"a {NS}", body.format(MICROS.format("a"))),
        ("a DATE", body.format("a")),
        ("a VARCHAR", body.format(MICROS.format(stamp))),
    ]


PARTS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "week",
    "day": "day",
    "day_of_week": "isodow",  # Monday 1 to Sunday 7; DuckDB's dow has Sunday 0
    "day_of_year": "dayofyear",
    "hour": "hour",
    "minute": "minute",
    "year_of_week": "isoyear",
}


def parts() -> list[list[str]]:
    found = [macro(f"ts_{name}", *over_time(f"CAST(datepart('{part}', {{0}}) AS BIGINT)")) for name, part in PARTS.items()]
    # DuckDB's second part is what one expects, its millisecond part includes the seconds.
    found.append(macro("ts_second", *over_time("CAST(datepart('second', {0}) AS BIGINT)")))
    found.append(macro("ts_millisecond", *over_time("CAST(datepart('millisecond', {0}) AS BIGINT) % 1000")))
    return found


def binned(stamp: str) -> str:
    """Epoch arithmetic, not the calendar: bin('2022-06-17 10:15:20', 30day) is 2022-05-28."""
    return f"make_timestamp_ns(epoch_ns({stamp}) - epoch_ns({stamp}) % n)"


ISO_TIMESTAMP = r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}(:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?)?)?)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"


def iso_timestamp() -> str:
    """The instant that an ISO 8601 text names: DuckDB drops an offset when it casts to nanoseconds, so it is applied here."""

    def offset(group: int) -> str:
        return rf"regexp_extract(s, 'T.*([+-])([0-9]{{2}}):?([0-9]{{2}})$', {group})"

    local = r"regexp_replace(regexp_replace(s, '(Z|(T.*)[+-][0-9]{2}:?[0-9]{2})$', '\2'), ',', '.')"
    padded = (
        f"CASE length({local}) WHEN 4 THEN {local} || '-01-01' WHEN 7 THEN {local} || '-01' "
        f"WHEN 13 THEN {local} || ':00' ELSE {local} END"
    )
    seconds = (
        f"coalesce(TRY_CAST({offset(1)} || '1' AS BIGINT), 0) * (coalesce(TRY_CAST({offset(2)} AS BIGINT), 0) * 3600 "
        f"+ coalesce(TRY_CAST({offset(3)} AS BIGINT), 0) * 60)"
    )
    refused = failing("'Invalid format: \"' || s || '\"'", NS)
    instant = f"make_timestamp_ns(epoch_ns(CAST({padded} AS {NS})) - {seconds} * 1000000000)"
    return f"CASE WHEN regexp_full_match(s, '{ISO_TIMESTAMP}') THEN {instant} ELSE {refused} END"


def times() -> list[list[str]]:
    return [
        macro("ts_from_iso8601_timestamp", ("s", iso_timestamp())),
        macro("ts_from_iso8601_date", ("s", "CAST(s AS DATE)")),
        macro("ts_to_iso8601", (f"a {NS}", "strftime(a, '%Y-%m-%dT%H:%M:%S.%nZ')"), ("a DATE", "CAST(a AS VARCHAR)")),
        macro("ts_from_milliseconds", ("n", "ts_instant(CAST(n AS BIGINT) * 1000000)")),
        macro("ts_from_nanoseconds", ("n", "ts_instant(CAST(n AS BIGINT))")),
        macro("ts_from_unixtime", ("n", "ts_instant(CAST(round(CAST(n AS DOUBLE) * 1000) AS BIGINT) * 1000000)")),
        macro(
            "ts_to_nanoseconds",
            (f"a {NS}", "epoch_ns(a)"),
            ("a INTERVAL", "epoch_us(a) * 1000"),
            ("a VARCHAR", f"epoch_ns(CAST(a AS {NS}))"),
        ),
        macro(
            "ts_to_milliseconds",
            (f"a {NS}", "epoch_ns(a) // 1000000"),
            ("a INTERVAL", "epoch_us(a) // 1000"),
            ("a VARCHAR", f"epoch_ns(CAST(a AS {NS})) // 1000000"),
        ),
        macro("ts_to_unixtime", (f"a {NS}", "epoch_ns(a) / 1e9::DOUBLE"), ("a VARCHAR", f"epoch_ns(CAST(a AS {NS})) / 1e9::DOUBLE")),
        macro("ts_bin", (f"a {NS}, n BIGINT", binned("a")), ("a VARCHAR, n BIGINT", binned(f"CAST(a AS {NS})")), ("a DATE, n BIGINT", binned(f"CAST(a AS {NS})"))),
        macro(
            "ts_date_trunc",
            (f"unit, a {NS}", f"CAST(date_trunc(unit, {MICROS.format('a')}) AS {NS})"),
            ("unit, a DATE", "CAST(date_trunc(unit, a) AS DATE)"),
            ("unit, a VARCHAR", f"CAST(date_trunc(unit, {MICROS.format(f'CAST(a AS {NS})')}) AS {NS})"),
        ),
        macro("ts_last_day_of_month", *over_time("last_day({0})")),
        *parts(),
    ]


def arrays() -> list[list[str]]:
    beyond = failing("'Array subscript must be less than or equal to array length: ' || i || ' > ' || len(l)")
    zero = failing("'SQL array indices start at 1'")
    return [
        macro(
            "ts_subscript",
            ("l, i", f"CASE WHEN i > len(l) THEN l[{beyond}] WHEN i < 1 THEN l[{zero}] ELSE l[i] END"),
        ),
        macro("ts_element_at", ("l, i", f"CASE WHEN i = 0 THEN l[{zero}] ELSE l[i] END")),
    ]


STATEMENTS: tuple[str, ...] = tuple(
    statement for made in (*operators(), *casts(), *times(), *arrays()) for statement in made
)
