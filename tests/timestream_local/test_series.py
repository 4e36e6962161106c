"""Sequences over time, interpolation and filling forward, as AWS's samples use them; values reckoned by hand."""
# ruff: noqa: S608 - the SQL is the test

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.timestream_local.timestream_harness import Server


def at(seconds: float) -> str:
    """The text of an instant of 2020-01-01."""
    minutes, rest = divmod(seconds, 60)
    return f"2020-01-01 00:{int(minutes):02d}:{rest:012.9f}"


def moment(seconds: float) -> str:
    return f"TIMESTAMP '{at(seconds)}'"


SEQUENCES: list[tuple[str, Any]] = [
    (f"{moment(0)}, {moment(60)}, 30s", [at(0), at(30), at(60)]),
    (f"{moment(0.5)}, {moment(60)}, 30s", [at(0.5), at(30.5)]),
    (f"{moment(60)}, {moment(0)}, -40s", [at(60), at(20)]),
    (f"{moment(0)}, {moment(0)}, 1d", [at(0)]),
    ("from_nanoseconds(1), from_nanoseconds(4), 2ns", [f"1970-01-01 00:00:00.00000000{ns}" for ns in (1, 3)]),
    (f"{moment(0)}, {moment(60)}, interval '1' minute", [at(0), at(60)]),
    (
        "TIMESTAMP '2020-01-31 06:00', TIMESTAMP '2020-04-30 06:00', 1month",
        [f"2020-{day} 06:00:00.000000000" for day in ("01-31", "02-29", "03-31", "04-30")],
    ),
    ("DATE '2020-02-28', DATE '2020-03-01'", ["2020-02-28", "2020-02-29", "2020-03-01"]),
    ("DATE '2020-03-01', DATE '2020-02-29'", ["2020-03-01", "2020-02-29"]),
    ("DATE '2020-01-31', DATE '2020-03-31', interval '1' month", ["2020-01-31", "2020-02-29", "2020-03-31"]),
    ("DATE '2020-01-01', DATE '2020-01-10', 7d", ["2020-01-01", "2020-01-08"]),
    ("5, 1, -3", ["5", "2"]),
    ("2, 1", ["2", "1"]),
]


@pytest.mark.parametrize(("arguments", "expected"), SEQUENCES)
def test_a_sequence_has_its_entries(server: Server, arguments: str, expected: list[str]) -> None:
    assert server.rows(f"SELECT sequence({arguments})") == [[expected]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("1, 5, 0", "step must not be zero"),
        ("1, 5, -1", "sequence stop value should be greater than or equal to start value"),
        ("5, 1, 1", "sequence stop value should be greater than or equal to start value"),
        ("1, 10001", "must not have more than 10000 entries"),
        ("now() - 1d, now(), 1s", "must not have more than 10000 entries"),
        ("now(), now(), 1", r"Unexpected parameters \(timestamp, timestamp, integer\) for sequence"),
        ("DATE '2020-01-01', DATE '2020-01-02', 1h", "sequence step must be a day interval"),
    ],
)
def test_a_sequence_that_cannot_be(server: Server, arguments: str, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        server.rows(f"SELECT sequence({arguments})")


READINGS = f"(VALUES ({moment(0)}, 1.0, 'on'), ({moment(60)}, 4.0, 'off'), ({moment(90)}, 4.0, 'on')) AS r(t, v, s)"
NUMBERS = "create_time_series(t, v)"
EVERY_HALF_MINUTE = "sequence(min(t), max(t), 30s)"


@pytest.mark.parametrize(
    ("call", "values"),
    [
        (f"interpolate_linear({NUMBERS}, {EVERY_HALF_MINUTE})", ["1.0", "2.5", "4.0", "4.0"]),
        (f"interpolate_locf({NUMBERS}, {EVERY_HALF_MINUTE})", ["1.0", "1.0", "4.0", "4.0"]),
        (f"interpolate_fill({NUMBERS}, {EVERY_HALF_MINUTE}, 9)", ["1.0", "9.0", "4.0", "4.0"]),
        (f"interpolate_locf(create_time_series(t, s), {EVERY_HALF_MINUTE})", ["on", "on", "off", "on"]),
    ],
)
def test_an_interpolated_series(server: Server, call: str, values: list[str]) -> None:
    times = [at(0), at(30), at(60), at(90)]
    assert server.rows(f"SELECT {call} FROM {READINGS}") == [[list(zip(times, values, strict=True))]]


@pytest.mark.parametrize(
    ("call", "value"),
    [
        (f"interpolate_linear({NUMBERS}, {moment(20)})", "2.0"),
        (f"interpolate_linear({NUMBERS}, {moment(60)})", "4.0"),
        (f"interpolate_linear({NUMBERS}, {moment(91)})", None),
        (f"interpolate_linear({NUMBERS}, {moment(0)} - 1s)", None),
        (f"interpolate_linear({NUMBERS}, NULL)", "refused"),
        (f"interpolate_locf({NUMBERS}, {moment(59.5)})", "1.0"),
        (f"interpolate_locf({NUMBERS}, {moment(600)})", "4.0"),
        (f"interpolate_locf({NUMBERS}, {moment(0)} - 1s)", None),
        (f"interpolate_fill({NUMBERS}, {moment(1)}, 0.5)", "0.5"),
        (f"interpolate_fill({NUMBERS}, {moment(60)}, 0.5)", "4.0"),
        (f"interpolate_linear(create_time_series(t, s), {moment(1)})", "refused"),
        (f"interpolate_linear(v, {moment(1)})", "refused"),
    ],
)
def test_an_interpolated_value(server: Server, call: str, value: str | None) -> None:
    sql = f"SELECT {call} FROM {READINGS}"
    if value == "refused":
        with pytest.raises(ClientError, match=r"Unexpected parameters .* for function interpolate_linear"):
            server.rows(sql)
    else:
        assert server.rows(sql) == [[value]]


def test_a_point_of_a_long_series_is_found(server: Server) -> None:
    """The search takes a step a bit: every one of them must be right."""
    points = "(SELECT from_milliseconds(x * 10) AS t, x AS v FROM UNNEST(sequence(1, 5000)) AS u(x))"
    for ms, expected in ((9, None), (10, "1"), (40_959, "4095"), (40_960, "4096"), (49_999, "4999"), (10**6, "5000")):
        rows = server.rows(f"SELECT interpolate_locf({NUMBERS}, from_milliseconds({ms})) FROM {points} AS p")
        assert rows == [[expected]]


def test_an_interpolated_series_is_a_table(server: Server) -> None:
    """Two series side by side, each under its alias, and a word of SQL as an alias."""
    sql = f"""
        WITH filled AS (
            SELECT interpolate_linear({NUMBERS}, {EVERY_HALF_MINUTE}) AS numbers,
                interpolate_locf(create_time_series(t, s), {EVERY_HALF_MINUTE}) AS states
            FROM {READINGS}
        )
        SELECT n.time, round(avg(n.value), 1), min(s.state) FROM filled AS int
        CROSS JOIN UNNEST(numbers) AS n CROSS JOIN UNNEST(states) AS s (time, state)
        WHERE n.time = s.time GROUP BY n.time ORDER BY 1
    """
    assert server.rows(sql) == [
        [at(0), "1.0", "on"],
        [at(30), "2.5", "on"],
        [at(60), "4.0", "off"],
        [at(90), "4.0", "on"],
    ]


def test_gaps_are_filled_forward(server: Server) -> None:
    """AWS's sample makes its times from three arrays, all under one alias."""
    sql = f"""
        WITH times AS (
            SELECT date_add('minute', minute, date_add('second', second, bin('2020-01-01 00:00:20', 1m))) AS time
            FROM UNNEST(sequence(0, 30, 30)) t(second) CROSS JOIN UNNEST(sequence(0, 1)) AS t(minute)
            ORDER BY minute, second
        ), gaps AS (SELECT times.time, r.v FROM times LEFT JOIN {READINGS} ON times.time = r.t)
        SELECT time, v, last_value(v) IGNORE NULLS
            OVER (ORDER BY time RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM gaps ORDER BY time
    """
    assert server.rows(sql) == [
        [at(0), "1.0", "1.0"],
        [at(30), None, "1.0"],
        [at(60), "4.0", "4.0"],
        [at(90), "4.0", "4.0"],
    ]
