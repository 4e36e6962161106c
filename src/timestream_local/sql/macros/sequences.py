"""sequence(): arrays of whole numbers, dates or timestamps from a start to a stop, both included.

"Array functions" of the developer guide; the limit of entries and the errors are those of Trino.
With a step of months each entry counts from the start, so that a 31st comes back after a shorter month.
"""

from timestream_local.sql.macros.definition import DAY_US, MICROS, NS, failing, macro

MOST_ENTRIES = 10_000
TOO_MANY = failing(f"'result of sequence function must not have more than {MOST_ENTRIES} entries'")
NO_STEP = failing("'step must not be zero'")
WRONG_WAY = failing(
    "'sequence stop value should be greater than or equal to start value if step is greater than zero "
    "otherwise stop should be less than or equal to start'"
)
MONTHS_BETWEEN = f"date_sub('month', {MICROS.format('a')}, {MICROS.format('b')})"
MONTHS = "CAST(datepart('year', s) * 12 + datepart('month', s) AS BIGINT)"


def checked(first: str, last: str, step: str) -> str:
    """*first*, a whole number, or what is wrong with the sequence from it to *last*."""
    return (
        f"CASE WHEN {step} = 0 THEN {NO_STEP} WHEN ({last} - {first}) // {step} < 0 "
        f"OR sign({last} - {first}) = -sign({step}) THEN {WRONG_WAY} "
        f"WHEN ({last} - {first}) // {step} >= {MOST_ENTRIES} THEN {TOO_MANY} ELSE {first} END"
    )


def numbers(first: str, last: str, step: str) -> str:
    return f"generate_series({checked(first, last, step)}, {last}, {step})"


def instants(step_ns: str) -> str:
    return f"list_transform({numbers('epoch_ns(a)', 'epoch_ns(b)', step_ns)}, lambda ns: make_timestamp_ns(ns))"


def days(step_days: str) -> str:
    first, last = (f"CAST(CAST({name} AS DATE) - DATE '1970-01-01' AS BIGINT)" for name in "ab")
    moved = "CAST(DATE '1970-01-01' + CAST(day AS INTEGER) AS DATE)"
    return f"list_transform({numbers(first, last, step_days)}, lambda day: {moved})"


def sequences() -> list[list[str]]:
    direction = "CASE WHEN a <= b THEN 1 ELSE -1 END"
    part_of_day = failing("'sequence step must be a day interval if start and end values are dates'")
    step_days = (
        f"CAST(CASE WHEN epoch_us(s) % {DAY_US} = 0 THEN epoch_us(s) // {DAY_US} ELSE {part_of_day} END AS BIGINT)"
    )
    moved = f"make_timestamp_ns(epoch_ns({MICROS.format('a')} + to_months(CAST(m AS INTEGER))) + epoch_ns(a) % 1000)"
    by_months = f"list_transform({numbers('0', MONTHS_BETWEEN, MONTHS)}, lambda m: {{0}})"
    step = f"CASE WHEN {MONTHS} <> 0 THEN {by_months} ELSE {{1}} END"
    return [
        macro(
            "ts_sequence",
            ("a BIGINT, b BIGINT", numbers("a", "b", direction)),
            ("a BIGINT, b BIGINT, s BIGINT", numbers("a", "b", "s")),
            (f"a {NS}, b {NS}, s INTERVAL", step.format(moved, instants("CAST(epoch_us(s) * 1000 AS BIGINT)"))),
            ("a DATE, b DATE", days("(CASE WHEN CAST(a AS DATE) <= CAST(b AS DATE) THEN 1 ELSE -1 END)")),
            ("a DATE, b DATE, s INTERVAL", step.format(f"CAST({moved} AS DATE)", days(step_days))),
        ),
        macro("ts_sequence_ns", ("a, b, s", instants("s"))),
    ]
