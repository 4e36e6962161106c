"""Numbers: "Mathematical functions" and "Bitwise functions" of the developer guide."""

from timestream_local.sql.macros.definition import macro, numeric

WHOLE = ("INTEGER", "BIGINT")


def rounded(body: str) -> list[tuple[str, str]]:
    """Whole numbers stay as they are."""
    return [*((f"a {kind}", "a") for kind in WHOLE), ("a DOUBLE", body)]


def numbers() -> list[list[str]]:
    bits = "bit_count(CASE WHEN n >= 64 THEN CAST(a AS BIGINT) ELSE CAST(a AS BIGINT) & ((1::BIGINT << n) - 1) END)"
    return [
        macro("ts_ceiling", *rounded("ceil(a)")),
        macro("ts_floor", *rounded("floor(a)")),
        macro(
            "ts_round",
            *rounded("round(a)"),
            ("a DOUBLE, n INTEGER", "round(a, n)"),
            ("a BIGINT, n INTEGER", "CAST(round(a, n) AS BIGINT)"),
        ),
        macro("ts_truncate", *rounded("trunc(a)"), ("a DOUBLE, n INTEGER", "trunc(a * power(10, n)) / power(10, n)")),
        macro(
            "ts_sign",
            ("a INTEGER", "CAST(sign(a) AS INTEGER)"),
            ("a BIGINT", "CAST(sign(a) AS BIGINT)"),
            ("a DOUBLE", "CAST(sign(a) AS DOUBLE)"),
        ),
        macro("ts_power", ("a DOUBLE, b DOUBLE", "power(a, b)")),
        macro(
            "ts_cube_root", ("a DOUBLE", "CASE WHEN power(round(cbrt(a)), 3) = a THEN round(cbrt(a)) ELSE cbrt(a) END")
        ),
        macro("ts_square_root", ("a DOUBLE", "CASE WHEN a < 0 THEN CAST('NaN' AS DOUBLE) ELSE sqrt(a) END")),
        *(logarithm(name) for name in ("ln", "log2", "log10")),
        macro("ts_e", ("", "exp(1::DOUBLE)")),
        macro("ts_infinity", ("", "CAST('Infinity' AS DOUBLE)")),
        macro("ts_nan", ("", "CAST('NaN' AS DOUBLE)")),
        macro("ts_bitwise_and", ("a BIGINT, b BIGINT", "CAST(a AS BIGINT) & CAST(b AS BIGINT)")),
        macro("ts_bitwise_or", ("a BIGINT, b BIGINT", "CAST(a AS BIGINT) | CAST(b AS BIGINT)")),
        macro("ts_bitwise_xor", ("a BIGINT, b BIGINT", "xor(CAST(a AS BIGINT), CAST(b AS BIGINT))")),
        macro("ts_bitwise_not", ("a BIGINT", "~CAST(a AS BIGINT)")),
        macro("ts_bit_count", ("a BIGINT, n INTEGER", f"CAST({bits} AS BIGINT)")),
        macro("ts_negate", *numeric("-a", parameters="a {0}"), ("a INTERVAL", "-a")),
    ]


def logarithm(name: str) -> list[str]:
    """Java's logarithms: minus infinity of nought, NaN below it, where DuckDB fails."""
    body = (
        "CASE WHEN a > 0 THEN {0}(a) WHEN a = 0 THEN CAST('-Infinity' AS DOUBLE) "
        "WHEN a IS NOT NULL THEN CAST('NaN' AS DOUBLE) END"
    )
    return macro(f"ts_{name}", ("a DOUBLE", body.format(name)))
