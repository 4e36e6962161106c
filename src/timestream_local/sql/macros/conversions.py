"""Casts: "Conversion functions" of the developer guide, and Trino's rules behind them."""

from timestream_local.sql.macros.definition import MICROS, NS, failing, macro

# Text that stands for a timestamp. DuckDB would take an offset and forget it, so one is refused.
PLAIN_TIMESTAMP = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)?Z?"
NO_TIMESTAMP = failing("'Value cannot be cast to timestamp: ' || s", NS)
TEXT_TIMESTAMP = (
    f"CASE WHEN regexp_full_match(s, '{PLAIN_TIMESTAMP}') THEN CAST(rtrim(s, 'Z') AS {NS}) ELSE {NO_TIMESTAMP} END"
)


def java_text() -> list[list[str]]:
    """DOUBLE → the text that Java's Double.toString gives: 1.0E7, 1.0E-4, and plain between 0.001 and 10,000,000."""
    digits = "split_part(split_part(s, 'e', 1), '.', 1) || split_part(split_part(s, 'e', 1), '.', 2)"
    shown = f"rtrim(ltrim({digits}, '0'), '0')"
    power = (
        "length(split_part(split_part(s, 'e', 1), '.', 1)) - 1 "
        "+ coalesce(TRY_CAST(split_part(s, 'e', 2) AS INTEGER), 0) "
        f"- (length({digits}) - length(ltrim({digits}, '0')))"
    )
    scientific = f"{shown}[1] || '.' || CASE WHEN length({shown}) > 1 THEN {shown}[2:] ELSE '0' END || 'E' || ({power})"
    plain = "abs(x) >= 1e-3::DOUBLE AND abs(x) < 1e7::DOUBLE"
    text = (
        "CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END "
        f"WHEN x = 0 OR {plain} THEN CAST(x AS VARCHAR) "
        "ELSE CASE WHEN x < 0 THEN '-' ELSE '' END || ts_scientific(CAST(abs(x) AS VARCHAR)) END"
    )
    return [macro("ts_scientific", ("s", scientific)), macro("ts_java_double", ("x", text))]


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
    clock = "CAST(a AS VARCHAR)"
    stamp = "strftime(a, '%Y-%m-%d %H:%M:%S.%n')"
    return [
        *java_text(),
        macro("ts_text_timestamp", ("s", TEXT_TIMESTAMP)),
        macro(
            "ts_to_varchar",
            ("a VARCHAR", "a"),
            ("a BIGINT", "CAST(a AS VARCHAR)"),
            ("a BOOLEAN", "CAST(a AS VARCHAR)"),
            ("a DOUBLE", "ts_java_double(a)"),
            (f"a {NS}", stamp),
            ("a DATE", "CAST(a AS VARCHAR)"),
            ("a TIME_NS", f"left({clock} || CASE WHEN {clock} LIKE '%.%' THEN '' ELSE '.' END || '000000000', 18)"),
        ),
        macro("ts_to_bigint", *whole_number("BIGINT")),
        macro("ts_to_integer", *whole_number("INTEGER")),
        macro("ts_to_double", *[(f"a {kind}", "CAST(a AS DOUBLE)") for kind in ("DOUBLE", "VARCHAR", "BOOLEAN")]),
        macro(
            "ts_to_boolean",
            *[(f"a {kind}", "CAST(a AS BOOLEAN)") for kind in ("BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR")],
        ),
        macro(
            "ts_to_timestamp", (f"a {NS}", "a"), ("a DATE", f"CAST(a AS {NS})"), ("a VARCHAR", "ts_text_timestamp(a)")
        ),
        macro(
            "ts_to_date",
            ("a DATE", "a"),
            (f"a {NS}", f"CAST({MICROS.format('a')} AS DATE)"),
            ("a VARCHAR", "CAST(a AS DATE)"),
        ),
        macro(
            "ts_to_time",
            ("a TIME_NS", "a"),
            ("a VARCHAR", "CAST(a AS TIME_NS)"),
            (f"a {NS}", "CAST(strftime(a, '%H:%M:%S.%n') AS TIME_NS)"),
        ),
    ]
