"""Timestream SQL → its result, one row a rule; values as the protocol's text, arrays as lists."""
# ruff: noqa: E501, S608 - a row of the tables stays one line; the SQL is the test

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.timestream_local.timestream_harness import Server, Table, multi, record

NUMBERS = "(VALUES 1, 2, 3, 4) AS t(c)"
PAIRS = "(VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4)) AS t(c1, c2)"
STAMP = "TIMESTAMP '2022-06-17 10:15:20.123456789'"


QUERIES: list[tuple[str, list[list[Any]]]] = [
    # aggregates
    (f"SELECT sum(c), avg(c), min(c), max(c), count(*), count(c) FROM {NUMBERS}", [["10", "2.5", "1", "4", "4", "4"]]),
    (f"SELECT sum(c) / count(*) FROM {NUMBERS}", [["2"]]),
    (f"SELECT sum(c) / 4.0, avg(c) + 1 FROM {NUMBERS}", [["2.5", "3.5"]]),
    (f"SELECT cast(max(c) AS double) / 3 FROM {NUMBERS}", [["1.3333333333333333"]]),
    (f"SELECT cast(sum(c) AS varchar) || '!' FROM {NUMBERS}", [["10!"]]),
    (f"SELECT round(avg(c), 1), typeof(sum(c)) FROM {NUMBERS}", [["2.5", "bigint"]]),
    (f"SELECT count_if(c > 2), count(*) FILTER (WHERE c > 3) FROM {NUMBERS}", [["2", "1"]]),
    (f"SELECT sum(c) FILTER (WHERE c > 2) FROM {NUMBERS}", [["7"]]),
    ("SELECT count(DISTINCT c), sum(DISTINCT c) FROM (VALUES 1, 1, 2) AS t(c)", [["2", "3"]]),
    ("SELECT approx_distinct(c) FROM (VALUES 1, 1, 2) AS t(c)", [["2"]]),
    (f"SELECT approx_percentile(c, 0.5) FROM {NUMBERS}", [["2"]]),
    (f"SELECT approx_percentile(c, ARRAY[0.25, 1.0]) FROM {NUMBERS}", [[["1", "4"]]]),
    (f"SELECT array_agg(c ORDER BY c DESC) FROM {NUMBERS}", [[["4", "3", "2", "1"]]]),
    (f"SELECT max_by(c1, c2), min_by(c1, c2) FROM {PAIRS}", [["d", "a"]]),
    (f"SELECT max_by(c1, c2, 2) FROM {PAIRS}", [[["d", "c"]]]),
    (f"SELECT min_by(c1, c2, 2), max_by(c1, c2, 1) FROM {PAIRS}", [[["a", "b"], ["d"]]]),
    ("SELECT max_by(a, b) FROM (VALUES (NULL, 2), (1, 1)) AS t(a, b)", [[None]]),
    (f"SELECT max(c, 2), min(c, 2) FROM {NUMBERS}", [[["4", "3"], ["1", "2"]]]),
    ("SELECT bool_and(c), bool_or(c), every(c) FROM (VALUES true, false) AS t(c)", [["false", "true", "false"]]),
    ("SELECT arbitrary(c) FROM (VALUES 7) AS t(c)", [["7"]]),
    (
        f"SELECT stddev_pop(c), var_pop(c), variance(c) FROM {NUMBERS}",
        [["1.118033988749895", "1.25", "1.6666666666666667"]],
    ),
    (f"SELECT round(corr(c, c), 9), covar_pop(c, c), regr_slope(c, c) FROM {NUMBERS}", [["1.0", "1.25", "1.0"]]),
    (
        "SELECT covar_samp(y, x), regr_slope(y, x), regr_intercept(y, x) FROM (VALUES ROW(1.0, 2.0), ROW(2.0, 4.0)) AS t(y, x)",
        [["1.0", "0.5", "0.0"]],
    ),
    (
        "SELECT corr(1, 2), regr_slope(1, 2), regr_intercept(1, 2), covar_samp(1, 2), covar_pop(1, 2)",
        [[None] * 4 + ["0.0"]],
    ),
    (f"SELECT geometric_mean(c) FROM {NUMBERS}", [["2.213363839400643"]]),
    (f"SELECT sum(c) FROM {NUMBERS} WHERE c > 9", [[None]]),
    # grouping and order
    ("SELECT c, count(*) AS n FROM (VALUES 2, 1, 2) AS t(c) GROUP BY c ORDER BY n DESC", [["2", "2"], ["1", "1"]]),
    ("SELECT c, count(*) FROM (VALUES 2, 1, 2) AS t(c) GROUP BY 1 HAVING count(*) > 1 ORDER BY 1", [["2", "2"]]),
    ("SELECT c FROM (VALUES 2, NULL, 1) AS t(c) ORDER BY c", [["1"], ["2"], [None]]),
    ("SELECT c FROM (VALUES 2, NULL, 1) AS t(c) ORDER BY c DESC", [["2"], ["1"], [None]]),
    ("SELECT c FROM (VALUES 2, NULL, 1) AS t(c) ORDER BY c NULLS FIRST LIMIT 1", [[None]]),
    (f"SELECT c FROM {NUMBERS} ORDER BY c OFFSET 1 LIMIT 2", [["2"], ["3"]]),
    (f"SELECT c FROM {NUMBERS} ORDER BY c FETCH FIRST 1 ROWS ONLY", [["1"]]),
    ("SELECT DISTINCT c FROM (VALUES 1, 1, 2) AS t(c) ORDER BY c", [["1"], ["2"]]),
    (
        "SELECT a, sum(b) FROM (VALUES (1, 2), (1, 3), (2, 4)) AS t(a, b) GROUP BY ROLLUP(a) ORDER BY a",
        [["1", "5"], ["2", "4"], [None, "9"]],
    ),
    (
        "SELECT sum(b) FROM (VALUES (1, 2), (1, 3)) AS t(a, b) GROUP BY GROUPING SETS ((a), ()) ORDER BY 1",
        [["5"], ["5"]],
    ),
    # windows
    (f"SELECT c, row_number() OVER (ORDER BY c DESC) FROM {NUMBERS} ORDER BY c LIMIT 1", [["1", "4"]]),
    (f"SELECT c, sum(c) OVER (ORDER BY c) FROM {NUMBERS} ORDER BY c LIMIT 2", [["1", "1"], ["2", "3"]]),
    (
        f"SELECT sum(c) OVER (ORDER BY c ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM {NUMBERS} ORDER BY c",
        [["1"], ["3"], ["5"], ["7"]],
    ),
    (
        f"SELECT lag(c) OVER (ORDER BY c), lead(c, 2, 0) OVER (ORDER BY c) FROM {NUMBERS} ORDER BY c LIMIT 1",
        [[None, "3"]],
    ),
    (
        f"SELECT first_value(c) OVER (ORDER BY c), nth_value(c, 2) OVER (ORDER BY c) FROM {NUMBERS} ORDER BY c LIMIT 1",
        [["1", None]],
    ),
    (
        "SELECT rank() OVER (ORDER BY c), dense_rank() OVER (ORDER BY c) FROM (VALUES 1, 1, 2) AS t(c) ORDER BY 1 DESC LIMIT 1",
        [["3", "2"]],
    ),
    (
        f"SELECT ntile(2) OVER (ORDER BY c), percent_rank() OVER (ORDER BY c) FROM {NUMBERS} ORDER BY c LIMIT 1",
        [["1", "0.0"]],
    ),
    (f"SELECT c - lag(c) OVER (ORDER BY c) FROM {NUMBERS} ORDER BY c LIMIT 2", [[None], ["1"]]),
    (f"SELECT sum(c) * 1.0 / sum(sum(c)) OVER () FROM {NUMBERS} GROUP BY c ORDER BY c LIMIT 1", [["0.1"]]),
    (
        "SELECT last_value(c) IGNORE NULLS OVER (ORDER BY i) FROM (VALUES (1, 5), (2, NULL)) AS t(i, c) ORDER BY i",
        [["5"], ["5"]],
    ),
    # joins, subqueries, set operations
    (
        f"WITH a AS (SELECT c FROM {NUMBERS}), b AS (SELECT max(c) AS m FROM a) SELECT c FROM a JOIN b ON a.c = b.m",
        [["4"]],
    ),
    (f"WITH a(x) AS (SELECT sum(c) FROM {NUMBERS}) SELECT x / 4 FROM a", [["2"]]),
    (
        "SELECT l.k, r.v FROM (VALUES 1, 2) AS l(k) LEFT JOIN (VALUES (1, 'x')) AS r(k, v) ON l.k = r.k ORDER BY 1",
        [["1", "x"], ["2", None]],
    ),
    ("SELECT k, v FROM (VALUES 1, 2) AS l(k) JOIN (VALUES (1, 'x')) AS r(k, v) USING (k)", [["1", "x"]]),
    ("SELECT * FROM (VALUES 1) AS l(k) CROSS JOIN (VALUES 2) AS r(v)", [["1", "2"]]),
    ("SELECT count(*) FROM (VALUES 1, 2) AS l(k) FULL OUTER JOIN (VALUES 2, 3) AS r(k) ON l.k = r.k", [["3"]]),
    (f"SELECT c FROM {NUMBERS} WHERE c = (SELECT max(c) FROM {NUMBERS})", [["4"]]),
    (f"SELECT c FROM {NUMBERS} WHERE c IN (SELECT 3) OR EXISTS (SELECT 1 WHERE false)", [["3"]]),
    (f"SELECT (SELECT sum(c) FROM {NUMBERS}) / 3", [["3"]]),
    ("SELECT 1 UNION SELECT 1 UNION ALL SELECT 2 ORDER BY 1", [["1"], ["2"]]),
    ("SELECT 1 INTERSECT SELECT 1", [["1"]]),
    ("SELECT 1 EXCEPT SELECT 1", []),
    ("VALUES (1, 'a')", [["1", "a"]]),
    ("SELECT _col0 FROM (SELECT count(*) FROM (VALUES 1) AS t(c))", [["1"]]),
    ("SELECT CAST(c AS bigint), CAST(c AS timestamp) FROM (VALUES 'x', NULL) AS t(c) WHERE c IS NULL", [[None, None]]),
    # names: two relations of one name, words that are not reserved
    ("SELECT a, b FROM (VALUES 1) AS t(a), (VALUES 2) AS t(b)", [["1", "2"]]),
    ("SELECT t.a, t.b FROM (VALUES 1) AS t(a), (VALUES 2) AS t(b)", [["1", "2"]]),
    ("SELECT * FROM (VALUES 1) AS t(a), (VALUES 2) AS t(a)", [["1", "2"]]),
    ("SELECT _col0 FROM (VALUES 1) DESC LIMIT 10", [["1"]]),
    ("SELECT asc.c FROM (VALUES 1) asc(c)", [["1"]]),
    ("SELECT day, second FROM (VALUES (1, 2)) AS data(day, second)", [["1", "2"]]),
    ("WITH range AS (SELECT 1 AS grant) SELECT range.grant FROM range", [["1"]]),
    # arrays and series as tables
    ("SELECT x FROM UNNEST(ARRAY[1, 2]) AS t(x)", [["1"], ["2"]]),
    (
        "SELECT a, x FROM (VALUES (1, ARRAY[7, 8])) AS t(a, l) CROSS JOIN UNNEST(l) AS u(x) ORDER BY x",
        [["1", "7"], ["1", "8"]],
    ),
    ("SELECT x, y FROM UNNEST(ARRAY[1, 2], ARRAY['a']) AS t(x, y) ORDER BY x", [["1", "a"], ["2", None]]),
    ("SELECT x, n FROM UNNEST(ARRAY['a', 'b']) WITH ORDINALITY AS t(x, n) ORDER BY n", [["a", "1"], ["b", "2"]]),
    (
        "SELECT CREATE_TIME_SERIES(t, v) FROM (VALUES (from_milliseconds(2000), 2.5), (from_milliseconds(1000), 1.5)) AS x(t, v)",
        [[[("1970-01-01 00:00:01.000000000", "1.5"), ("1970-01-01 00:00:02.000000000", "2.5")]]],
    ),
    (
        (
            "WITH s AS (SELECT CREATE_TIME_SERIES(t, v) AS series FROM (VALUES (from_milliseconds(1000), 7)) AS x(t, v)) "
            "SELECT time, value FROM s CROSS JOIN UNNEST(series)"
        ),
        [["1970-01-01 00:00:01.000000000", "7"]],
    ),
    (
        (
            "WITH s AS (SELECT CREATE_TIME_SERIES(t, v) AS series FROM (VALUES (from_milliseconds(1000), 7)) AS x(t, v)) "
            "SELECT v * 2, p FROM s CROSS JOIN UNNEST(series) AS u (p, v)"
        ),
        [["14", "1970-01-01 00:00:01.000000000"]],
    ),
]


@pytest.mark.parametrize(("sql", "expected"), QUERIES, ids=[sql for sql, _ in QUERIES])
def test_a_query_has_its_rows(server: Server, sql: str, expected: list[list[Any]]) -> None:
    assert server.rows(sql) == expected


REFUSED: list[tuple[str, str]] = [
    ("SELECT", "The query syntax is invalid at line 1:7"),
    ("SELEC 1", "The query syntax is invalid at line 1:1"),
    ("SELECT 1 FROM t WHERE", "The query syntax is invalid at line 1:17"),
    ("SELECT 'abc", "The query syntax is invalid at line 1:8"),
    ("SELECT 1; SELECT 2", "The query syntax is invalid at line 1:1"),
    ("DROP TABLE t", "The query syntax is invalid at line 1:1"),
    ("SELECT c FROM (VALUES 1) AS t(c) DESC LIMIT 10", "The query syntax is invalid at line 1:34"),
    ("SELECT t.a FROM (VALUES 1) AS t(a), (VALUES 2) AS t(a)", "Column 'a' is ambiguous"),
    ("SELECT x FROM (VALUES 1, 2) AS t(x, y)", "line 1:34: Column alias list has 2 entries but relation has 1 columns"),
    ("WITH a(x) AS (SELECT 1, 2) SELECT x FROM a", "Column alias list has 1 entries but relation has 2 columns"),
    ("SELECT x FROM (VALUES (1, 2), (3)) AS t(x, y)", "Values rows have mismatched sizes"),
    ("SELECT 1 UNION SELECT 1, 2", "UNION query has different number of fields: 1, 2"),
    ("SELECT ()", "A row needs one value at least"),
    ("SELECT * EXCEPT (c) FROM (VALUES 1) AS t(c)", "A star takes neither an alias nor EXCEPT"),
    ("SELECT 1.5month", "1.5month is not a whole number of months"),
    ("SELECT histogram(1)", "Function 'histogram' is not supported by this local Timestream: maps"),
    ("SELECT to_utf8('x')", "Function 'to_utf8' is not supported by this local Timestream: binary values"),
    ("SELECT x", "line 1:8: Column 'x' does not exist"),
    ("SELECT\n  1 + y", "line 2:7: Column 'y' does not exist"),
    ("SELECT C FROM (VALUES 1) AS t(c)", "line 1:8: Column 'C' does not exist"),
    ("SELECT c AS d FROM (VALUES 1) AS t(c) WHERE d = 1", "line 1:45: Column 'd' does not exist"),
    ("SELECT c AS d, d + 1 FROM (VALUES 1) AS t(c)", "line 1:16: Column 'd' does not exist"),
    ("SELECT c FROM (VALUES 1) AS t(c), (VALUES 2) AS u(c)", "line 1:8: Column 'c' is ambiguous"),
    ("SELECT * FROM abc.t", "Requested database 'abc' not found for identifier 'abc.t' at line 1:15"),
    ("SELECT * FROM t", "Schema must be specified"),
    ("SELECT nosuch(1)", "Function 'nosuch' not registered"),
    ("SELECT read_csv('/etc/passwd')", "Function 'read_csv' not registered"),
    ("SELECT * FROM read_csv('/etc/passwd')", "not"),
    ("SELECT now() AT TIME ZONE 'Europe/Paris'", "ATTIMEZONE is not supported"),
    ("SELECT filter(ARRAY[1], x -> x > 1)", "Function 'filter' is not supported by this local Timestream: lambda"),
    ("SELECT INTERPOLATE_LINEAR(1, 2)", "Unexpected parameters (integer, integer) for function interpolate_linear"),
    ("SELECT INTERPOLATE_SPLINE_CUBIC(1, 2)", "cubic splines"),
    ("SELECT format_datetime(now(), 'yyyy')", "Joda-Time"),
    ("SELECT now() - now()", "Unexpected parameters (timestamp, timestamp) for subtract"),
    ("SELECT date '2022-05-21' + 2h", "Cannot add hour, minutes or seconds to a date"),
    ("SELECT 1d + 1month", "Cannot combine interval"),
    ("SELECT from_milliseconds(1000) - 1d", "negative time values"),
    ("SELECT 1 = 'a'", "Cannot compare integer, varchar"),
    ("SELECT now() > 'yesterday'", "cannot be cast to timestamp"),
    ("SELECT now() > '2022-01-01 00:00:00+05:00'", "cannot be cast to timestamp"),
    ("SELECT CAST('abc' AS bigint)", "Cannot cast 'abc' to BIGINT"),
    ("SELECT 1/0", "Division by zero"),
    ("SELECT ARRAY[1][2]", "Array subscript must be less than or equal to array length"),
    ("SELECT row_number()", "requires an OVER clause"),
    ("SELECT bin(now(), 1month)", "bin takes an interval literal"),
    ("SELECT c FROM (VALUES 1) AS t(c) TABLESAMPLE BERNOULLI (50)", ""),
    ("WITH RECURSIVE r(n) AS (SELECT 1) SELECT n FROM r", "RECURSIVE"),
    ("SELECT ?", ""),
    ("SELECT from_iso8601_timestamp('noon')", "Invalid format"),
    ("SELECT sum(c) FROM (VALUES 'a') AS t(c)", ""),
    ("SELECT " + "(" * 5_000 + "1" + ")" * 5_000, "nested too deeply"),
]


@pytest.mark.parametrize(("sql", "message"), REFUSED, ids=[sql[:60] for sql, _ in REFUSED])
def test_what_cannot_be_answered_is_refused(server: Server, sql: str, message: str) -> None:
    with pytest.raises(server.query.exceptions.ValidationException) as caught:
        server.query.query(QueryString=sql)
    said = caught.value.response["Error"]["Message"]
    assert message in said
    assert " SET " not in said  # DuckDB's own advice is of no use to who asks Timestream


def test_select_star_has_dimensions_then_measure_name_time_and_measures(table: Table) -> None:
    table.put(
        record(1_600_000_000_000, Dimensions=[{"Name": "Region", "Value": "eu"}, {"Name": "host", "Value": "a"}]),
        record(1_600_000_000_000, value=7, MeasureName="n", MeasureValueType="BIGINT"),
        multi(1_600_000_001_000, {"host": "b"}, {"note": ("VARCHAR", "x")}),
    )
    answer = table.server.query.query(QueryString=f"SELECT * FROM {table.sql} ORDER BY time, measure_name")
    names = [column["Name"] for column in answer["ColumnInfo"]]
    assert names == ["Region", "host", "measure_name", "time", "measure_value::double", "measure_value::bigint", "note"]
    rows = table.rows("measure_value::double, measure_value::bigint, note", "ORDER BY time, measure_name")
    assert rows == [["1.5", None, None], [None, "7", None], [None, None, "x"]]


def test_columns_that_differ_in_case_alone_are_two_columns(table: Table) -> None:
    table.put(multi(1_600_000_000_000, {"Host": "A", "host": "b"}, {"V": ("BIGINT", "1"), "v": ("BIGINT", "2")}))
    assert table.rows('Host, host, "V", v AS "W", v + 1 AS w') == [["A", "b", "1", "2", "3"]]


def test_time_is_kept_and_moved_to_the_nanosecond(table: Table) -> None:
    table.put(record(1_600_000_000_123_456_789, TimeUnit="NANOSECONDS"))
    assert table.rows("time, time + 1d, bin(time, 1us), time + 1ns") == [
        [
            "2020-09-13 12:26:40.123456789",
            "2020-09-14 12:26:40.123456789",
            "2020-09-13 12:26:40.123456000",
            "2020-09-13 12:26:40.123456790",
        ]
    ]
    assert table.rows("count(*)", "WHERE time = '2020-09-13 12:26:40.123456789'") == [["1"]]
    assert table.rows("count(*)", "WHERE time BETWEEN '2020-09-13' AND '2020-09-14 12:00:00'") == [["1"]]


def test_a_measure_that_was_never_written_is_an_error(table: Table) -> None:
    table.put(record())
    with pytest.raises(ClientError, match="Column 'measure_value::bigint' does not exist"):
        table.rows("measure_value::bigint")


def test_a_correlated_subquery_and_a_qualified_star(table: Table) -> None:
    table.put(*(record(1_600_000_000_000 + step, value=step) for step in (1, 2, 3)))
    newest = f"WHERE time = (SELECT max(o.time) FROM {table.sql} o WHERE o.host = {table.name}.host)"
    assert table.rows("measure_value::double", newest) == [["3.0"]]
    assert table.server.rows(f"SELECT x.* FROM {table.sql} AS x WHERE measure_value::double = 1")[0][0] == "a"
