"""Timestream SQL → its result, one row a rule; values as the protocol's text, arrays as lists."""
# ruff: noqa: E501, S608 - a row of the tables stays one line; the SQL is the test

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.timestream_local.timestream_harness import Server, Table, multi, record

NUMBERS = "(VALUES 1, 2, 3, 4) AS t(c)"
PAIRS = "(VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4)) AS t(c1, c2)"
STAMP = "TIMESTAMP '2022-06-17 10:15:20.123456789'"

SCALARS: list[tuple[str, Any]] = [
    # literals and types
    ("1", "1"),
    ("1.5", "1.5"),
    ("-2", "-2"),
    ("3000000000", "3000000000"),
    ("1e3", "1000.0"),
    ("'it''s'", "it's"),
    ("true", "true"),
    ("NULL", None),
    ("DATE '2022-05-21'", "2022-05-21"),
    ("TIME '01:00'", "01:00:00.000000000"),
    ("TIMESTAMP '2020-08-08 01:00'", "2020-08-08 01:00:00.000000000"),
    (STAMP, "2022-06-17 10:15:20.123456789"),
    ("ARRAY[1, 2, NULL]", ["1", "2", None]),
    ("ROW(1, 'x')", ("1", "x")),
    ("typeof(1)", "integer"),
    ("typeof(3000000000)", "bigint"),
    ("typeof(1.5)", "double"),
    ("typeof('x')", "varchar"),
    ("typeof(now())", "timestamp"),
    ("typeof(current_date)", "date"),
    ("typeof(ARRAY[1])", "array(integer)"),
    ("typeof(interval '4' year + interval '2' month)", "interval year to month"),
    ("typeof(interval '6' day - interval '4' hour)", "interval day to second"),
    ("typeof(date '2022-05-21' + interval '2' day)", "date"),
    # arithmetic
    ("1/2", "0"),
    ("-7/2", "-3"),
    ("1/2.0", "0.5"),
    ("7 % 4", "3"),
    ("-7 % 4", "-3"),
    ("2 + 3 * 4", "14"),
    ("1.6554878837710001E9 * 1", "1.6554878837710001E9"),
    ("0.0001", "1.0E-4"),
    ("10000000.0", "1.0E7"),
    ("1.0 / 0", "Infinity"),
    ("-1.0 / 0", "-Infinity"),
    ("0.0 / 0", "NaN"),
    ("'a' || 'b'", "ab"),
    ("'a' || NULL", None),
    # comparison and conditions
    ("1 < 2 AND NOT 2 < 1", "true"),
    ("NULL IS DISTINCT FROM 1", "true"),
    ("2 BETWEEN 1 AND 3", "true"),
    ("2 NOT IN (1, 3)", "true"),
    ("'abc' LIKE 'a%'", "true"),
    ("'a_c' LIKE 'a$_c' ESCAPE '$'", "true"),
    ("CASE 2 WHEN 1 THEN 'one' WHEN 2 THEN 'two' END", "two"),
    ("CASE WHEN false THEN 1 ELSE 2 END", "2"),
    ("if(1 > 2, 'yes', 'no')", "no"),
    ("if(1 > 2, 'yes')", None),
    ("coalesce(NULL, 2)", "2"),
    ("nullif(1, 1)", None),
    ("greatest(1, 3, 2)", "3"),
    ("greatest(1, NULL)", None),
    ("least(1, 3, 2)", "1"),
    ("try(1/0)", None),
    # conversion
    ("CAST(2.5 AS bigint)", "3"),
    ("CAST(-2.5 AS bigint)", "-3"),
    ("CAST('12' AS integer)", "12"),
    ("CAST(1e7 AS varchar)", "1.0E7"),
    ("CAST(0.5 AS varchar)", "0.5"),
    ("CAST(true AS varchar)", "true"),
    (f"CAST({STAMP} AS varchar)", "2022-06-17 10:15:20.123456789"),
    (f"CAST({STAMP} AS date)", "2022-06-17"),
    (f"CAST({STAMP} AS time)", "10:15:20.123456789"),
    ("CAST('2022-06-17' AS timestamp)", "2022-06-17 00:00:00.000000000"),
    ("CAST('1.5' AS double)", "1.5"),
    ("CAST('true' AS boolean)", "true"),
    ("TRY_CAST('x' AS bigint)", None),
    ("from_iso8601_timestamp(NULL)", None),
    ("TRY_CAST('1.5' AS bigint)", None),
    # intervals and time arithmetic
    ("1d + 21h", "1 21:00:00.000000000"),
    ("interval '2' year + interval '7' month", "2-7"),
    ("10day", "10 00:00:00.000000000"),
    ("15m", "0 00:15:00.000000000"),
    ("1h", "0 01:00:00.000000000"),
    ("30s", "0 00:00:30.000000000"),
    ("5ms", "0 00:00:00.005000000"),
    ("7us", "0 00:00:00.000007000"),
    ("72.5h", "3 00:30:00.000000000"),
    ("1week", "7 00:00:00.000000000"),
    ("3month", "0-3"),
    ("2year", "2-0"),
    ("2 * 1d", "2 00:00:00.000000000"),
    ("date '2022-05-21' + interval '2' day", "2022-05-23"),
    ("date '2022-05-21' + 2d", "2022-05-23"),
    ("date '2022-05-21' + 2day", "2022-05-23"),
    ("interval '6' day - interval '4' hour", "5 20:00:00.000000000"),
    ("timestamp '2022-06-17 01:00' - interval '7' hour", "2022-06-16 18:00:00.000000000"),
    (f"{STAMP} + 1m", "2022-06-17 10:16:20.123456789"),
    (f"{STAMP} + 1ns", "2022-06-17 10:15:20.123456790"),
    ("TIMESTAMP '2020-01-31 00:00' + 1month", "2020-02-29 00:00:00.000000000"),
    ("ago(1d) < now()", "true"),
    ("now() = current_timestamp", "true"),
    ("ago(1h) = now() - 1h", "true"),
    ("current_timezone()", "UTC"),
    # bin, truncation, parts
    ("bin('2022-06-17 10:15:20', 30day)", "2022-05-28 00:00:00.000000000"),
    (f"bin({STAMP}, 15m)", "2022-06-17 10:15:00.000000000"),
    (f"bin({STAMP}, 1d)", "2022-06-17 00:00:00.000000000"),
    (f"bin({STAMP}, 100ns)", "2022-06-17 10:15:20.123456700"),
    (f"date_trunc('minute', {STAMP})", "2022-06-17 10:15:00.000000000"),
    (f"date_trunc('month', {STAMP})", "2022-06-01 00:00:00.000000000"),
    ("date_trunc('second', TIMESTAMP '2022-06-17 23:59:59.999999999')", "2022-06-17 23:59:59.000000000"),
    ("date_trunc('week', date '2022-06-17')", "2022-06-13"),
    (f"year({STAMP})", "2022"),
    (f"quarter({STAMP})", "2"),
    (f"month({STAMP})", "6"),
    (f"week({STAMP})", "24"),
    (f"day({STAMP})", "17"),
    ("day_of_week(date '2022-06-19')", "7"),
    ("EXTRACT(dow FROM date '2022-06-19')", "7"),
    ("EXTRACT(year FROM TIMESTAMP '2022-12-31 23:59:59.999999999')", "2022"),
    ("day_of_year(date '2022-02-01')", "32"),
    (f"hour({STAMP})", "10"),
    (f"minute({STAMP})", "15"),
    (f"second({STAMP})", "20"),
    (f"millisecond({STAMP})", "123"),
    ("year_of_week(date '2022-01-01')", "2021"),
    ("last_day_of_month(date '2022-02-03')", "2022-02-28"),
    ("date('2022-06-17')", "2022-06-17"),
    # conversions of time
    ("from_iso8601_timestamp('2022-06-17T08:04:05.000000000+05:00')", "2022-06-17 03:04:05.000000000"),
    ("from_iso8601_timestamp('2022-06-17T08:04:05.123456789Z')", "2022-06-17 08:04:05.123456789"),
    ("from_iso8601_timestamp('2022-06-17T08:04:05.123Z')", "2022-06-17 08:04:05.123000000"),
    ("from_iso8601_date('2022-07-17')", "2022-07-17"),
    ("to_iso8601(TIMESTAMP '2022-06-17 09:04:05.123456789')", "2022-06-17T09:04:05.123456789Z"),
    ("from_milliseconds(1655481600000)", "2022-06-17 16:00:00.000000000"),
    ("from_nanoseconds(300000000000000001)", "1979-07-05 05:20:00.000000001"),
    ("from_unixtime(1.5)", "1970-01-01 00:00:01.500000000"),
    ("to_milliseconds(TIMESTAMP '2022-06-17 16:00:00')", "1655481600000"),
    ("to_milliseconds(INTERVAL '1' DAY)", "86400000"),
    ("to_nanoseconds(1h)", "3600000000000"),
    ("to_unixtime('2022-06-17 17:15:00.500000000')", "1.6554861005E9"),
    ("date_add('hour', 9, TIMESTAMP '2022-06-17 01:00')", "2022-06-17 10:00:00.000000000"),
    ("date_add('month', 1, DATE '2022-01-31')", "2022-02-28"),
    ("date_diff('hour', TIMESTAMP '2022-06-17 00:30', TIMESTAMP '2022-06-17 02:00')", "1"),
    ("date_diff('day', DATE '2020-03-01', DATE '2020-03-02')", "1"),
    ("date_diff('month', DATE '2020-01-15', DATE '2020-03-14')", "1"),
    ("date_format(TIMESTAMP '2019-10-20 10:20:20', '%Y-%m-%d %H:%i:%s')", "2019-10-20 10:20:20"),
    ("date_parse('2019-10-20 10:20', '%Y-%m-%d %H:%i')", "2019-10-20 10:20:00.000000000"),
    ("parse_duration('42.8ms')", "0 00:00:00.042800000"),
    ("human_readable_seconds(96)", "1 minute, 36 seconds"),
    ("human_readable_seconds(604805)", "1 week, 5 seconds"),
    # mathematics
    ("abs(-3)", "3"),
    ("ceil(1.2)", "2.0"),
    ("floor(-1.2)", "-2.0"),
    ("ceiling(7)", "7"),
    ("round(2.5)", "3.0"),
    ("round(1.2345, 2)", "1.23"),
    ("truncate(-1.9)", "-1.0"),
    ("power(2, 10)", "1024.0"),
    ("sqrt(16)", "4.0"),
    ("sqrt(-1)", "NaN"),
    ("cbrt(27)", "3.0"),
    ("ln(e())", "1.0"),
    ("ln(0)", "-Infinity"),
    ("log2(8)", "3.0"),
    ("log10(1000)", "3.0"),
    ("mod(7, 4)", "3"),
    ("sign(-5)", "-1"),
    ("is_nan(nan())", "true"),
    ("infinity()", "Infinity"),
    ("bitwise_and(12, 10)", "8"),
    ("bitwise_or(12, 10)", "14"),
    ("bitwise_xor(12, 10)", "6"),
    ("bitwise_not(12)", "-13"),
    ("bit_count(7, 64)", "3"),
    # text
    ("length('añb')", "3"),
    ("lower('AbC')", "abc"),
    ("upper('abc')", "ABC"),
    ("concat('a', 'b', 'c')", "abc"),
    ("concat('a', NULL)", None),
    ("reverse('abc')", "cba"),
    ("replace('abcabc', 'b')", "acac"),
    ("replace('abc', 'b', 'x')", "axc"),
    ("lpad('7', 3, '0')", "007"),
    ("rpad('ab', 4, '-')", "ab--"),
    ("trim('  x ')", "x"),
    ("ltrim('  x ')", "x "),
    ("rtrim('  x ')", "  x"),
    ("substr('abcdef', 2, 3)", "bcd"),
    ("substr('abcdef', -2)", "ef"),
    ("substr('abcdef', 0)", ""),
    ("split('a,b,c', ',')", ["a", "b", "c"]),
    ("split_part('a,b,c', ',', 2)", "b"),
    ("split_part('a,b,c', ',', 9)", None),
    ("strpos('hello', 'l')", "3"),
    ("position('l' IN 'hello')", "3"),
    ("starts_with('hello', 'he')", "true"),
    ("chr(65)", "A"),
    ("codepoint('A')", "65"),
    ("levenshtein_distance('kitten', 'sitting')", "3"),
    ("hamming_distance('abc', 'abd')", "1"),
    ("regexp_like('1a 2b', '\\d+b')", "true"),
    ("regexp_extract('1a 2b', '\\d+')", "1"),
    ("regexp_extract('1a 2b', '(\\d+)([a-z]+)', 2)", "a"),
    ("regexp_extract('x', '\\d+')", None),
    ("regexp_extract_all('1a 2b', '\\d+')", ["1", "2"]),
    ("regexp_replace('1a 2b', '\\d')", "a b"),
    ("regexp_replace('1a 2b', '(\\d)([a-z])', '$2$1')", "a1 b2"),
    ("regexp_split('1a 2b', '\\s')", ["1a", "2b"]),
    # arrays
    ("ARRAY[10, 20][2]", "20"),
    ("element_at(ARRAY[10, 20], 3)", None),
    ("cardinality(ARRAY[1, 2, 3])", "3"),
    ("contains(ARRAY[1, 2], 2)", "true"),
    ("array_distinct(ARRAY[3, 1, 3, NULL, NULL])", ["3", "1", None]),
    ("array_except(ARRAY[1, 2, 3], ARRAY[2])", ["1", "3"]),
    ("array_intersect(ARRAY[3, 2, 1], ARRAY[1, 2])", ["2", "1"]),
    ("array_union(ARRAY[1, 2], ARRAY[2, 3])", ["1", "2", "3"]),
    ("array_join(ARRAY[1, NULL, 3], ';')", "1;3"),
    ("array_join(ARRAY['a', NULL], ';', 'none')", "a;none"),
    ("array_max(ARRAY[1, 3, 2])", "3"),
    ("array_min(ARRAY[1, NULL])", None),
    ("array_position(ARRAY[5, 6], 6)", "2"),
    ("array_position(ARRAY[5, 6], 7)", "0"),
    ("array_remove(ARRAY[1, 2, 1], 1)", ["2"]),
    ("array_sort(ARRAY[3, NULL, 1])", ["1", "3", None]),
    ("arrays_overlap(ARRAY[1, 2], ARRAY[2, 3])", "true"),
    ("ARRAY[1] || ARRAY[2]", ["1", "2"]),
    ("concat(ARRAY[1], ARRAY[2])", ["1", "2"]),
    ("repeat('x', 2)", ["x", "x"]),
    ("sequence(1, 4)", ["1", "2", "3", "4"]),
    ("sequence(1, 7, 3)", ["1", "4", "7"]),
    ("slice(ARRAY[1, 2, 3, 4], 2, 2)", ["2", "3"]),
    ("slice(ARRAY[1, 2, 3, 4], -2, 2)", ["3", "4"]),
]


@pytest.mark.parametrize(("expression", "expected"), SCALARS, ids=[expression for expression, _ in SCALARS])
def test_an_expression_has_its_value(server: Server, expression: str, expected: object) -> None:
    assert server.rows(f"SELECT {expression}") == [[expected]]


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
