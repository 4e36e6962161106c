"""Queries that differ in their moments alone are compiled once, and to what each would compile to by itself."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.timestream_local.timestream_harness import in_process, multi
from timestream_local.query.compiler import Compiled, Compiler
from timestream_local.query.known_queries import KnownQueries
from timestream_local.service import Service
from timestream_local.sql.parsing.statements import Selection, parse
from timestream_local.store.storage import Storage

_TABLE = '"db"."tab"'
PLAIN = (
    f'SELECT d, max(time) AS "it\'s" FROM {_TABLE} '  # noqa: S608
    "WHERE time >= '{0}' AND time < '{1}' AND d <> 'it''s' GROUP BY d"
)
DAYS = f"SELECT count(*) FROM {_TABLE} WHERE text BETWEEN '{{2}}' AND '{{3}}' -- isn't '2026-01-01'"  # noqa: S608
PARTS = (
    f"SELECT part, count(*) AS n FROM (SELECT CASE WHEN time >= '{{0}}' THEN 1 WHEN '{{1}}' > time THEN 2 END AS part, "  # noqa: S608
    f"'{{0}}' AS said FROM {_TABLE} WHERE time IN ('{{0}}', '{{1}}')) GROUP BY part HAVING min(said) < '{{1}}'"
)
FOLDED = f"SELECT d FROM {_TABLE} WHERE time > TIMESTAMP '{{0}}' - 15m AND time < date_add('day', 2, TIMESTAMP '{{1}}')"  # noqa: S608
SHAPES = [PLAIN, DAYS, PARTS, FOLDED]

_INSTANTS = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2099, 12, 31))  # noqa: DTZ001 -- written without a zone


@st.composite
def moments(draw: st.DrawFn) -> list[str]:
    """Two instants and two days; now and then the same, or the day of the other."""
    one, other = draw(st.lists(_INSTANTS, min_size=2, max_size=2) | _INSTANTS.map(lambda instant: [instant, instant]))
    return [
        f"{one:%Y-%m-%d %H:%M:%S.%f}000",
        f"{other:%Y-%m-%d %H:%M:%S.%f}000",
        f"{one:%Y-%m-%d}",
        f"{other:%Y-%m-%d}",
    ]


@pytest.fixture(scope="module")
def service() -> Service:
    """One with a table."""
    service = Service(Storage(None))
    with in_process(service) as server:
        server.write.create_database(DatabaseName="db")
        retention = {"MemoryStoreRetentionPeriodInHours": 24, "MagneticStoreRetentionPeriodInDays": 73_000}
        server.write.create_table(DatabaseName="db", TableName="tab", RetentionProperties=retention)
        row = multi(service.clock() // 10**6, {"d": "a"}, {"text": ("VARCHAR", "2026-01-31")})
        server.write.write_records(DatabaseName="db", TableName="tab", Records=[row])
    return service


def compiled(service: Service, text: str) -> tuple[Compiled, Compiler]:
    compiler = Compiler(service.catalog, service.clock())
    statement = parse(text)
    assert isinstance(statement, Selection)
    return compiler.selection(statement), compiler


@settings(max_examples=examples(10), deadline=None)
@given(shape=st.sampled_from(SHAPES), asked=st.lists(moments(), min_size=3, max_size=4))
def test_what_is_known_is_what_the_compiler_makes(service: Service, shape: str, asked: list[list[str]]) -> None:
    known = KnownQueries()
    for each in asked:
        text = shape.format(*each)
        expected, compiler = compiled(service, text)
        assert known.find(text, compiler) in (None, expected)
        known.keep(text, expected, compiler)
        assert known.find(text, compiler) == expected


@pytest.mark.parametrize("shape", [PLAIN, DAYS, PARTS])
def test_the_third_of_a_shape_is_known(service: Service, shape: str) -> None:
    known = KnownQueries()
    for day in (1, 2, 3):
        asked = [f"2026-01-{day + more:02}" for more in (0, 5, 10, 15)]
        text = shape.format(f"{asked[0]} 00:00:00.000000000", f"{asked[1]} 10:00:00.000000000", *asked[2:])
        expected, compiler = compiled(service, text)
        assert (known.find(text, compiler) == expected) is (day == 3)
        known.keep(text, expected, compiler)


def test_a_shape_is_forgotten_with_its_table() -> None:
    """Here: what was compiled from a table that is another one since."""
    known, own = KnownQueries(), Service(Storage(None))
    with in_process(own) as server:
        table = server.table()
        text = f"SELECT count(*) FROM {table.sql} WHERE time > '2026-01-0{{}}'"  # noqa: S608
        for day in (1, 2):
            known.keep(text.format(day), *compiled(own, text.format(day)))
        third, fourth = (text.format(day) for day in (3, 4))
        assert known.find(third, Compiler(own.catalog, own.clock())) == compiled(own, third)[0]
        table.put(multi(own.clock() // 10**6, {"d": "a"}, {"n": ("BIGINT", "1")}))  # its columns are others now
        assert known.find(third, Compiler(own.catalog, own.clock())) is None
        known.keep(third, *compiled(own, third))
        assert known.find(fourth, Compiler(own.catalog, own.clock())) == compiled(own, fourth)[0]
