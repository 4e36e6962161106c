"""What only a database can do wrong: addresses, queries, keys, and values that Python has not."""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence

import psycopg
import pytest

from signtally.history.postgresql import PostgresqlHistory
from signtally.loopback import LOOPBACK
from signtally.ports.history import HistoryError, HistoryRow, HistoryUnavailableError
from tests.support.ports import free_port

COLUMNS = ["id", "time"]
SECRET = "pass%20word"


@pytest.fixture
def table(postgresql: str) -> str:
    """The name of a table with a key, and times of every kind; without rows."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgresql) as connection:
        connection.execute(f"CREATE TABLE {name} (id uuid PRIMARY KEY, time timestamptz, local timestamp, day date)")
    return name


@pytest.fixture
def read(postgresql: str, table: str) -> Callable[..., list[dict[str, object]]]:
    def made(
        query: str = "SELECT * FROM {}", order_by: str = "id", columns: Sequence[str] = COLUMNS
    ) -> list[dict[str, object]]:
        source = PostgresqlHistory(postgresql, query=query.format(table), order_by=order_by, chunk_rows=2)
        assert set(columns) <= set(source.columns())
        found = [row for chunk in source.chunks(after=None, columns=columns) for row in chunk.rows]
        assert [row.line for row in found] == list(range(1, len(found) + 1))
        return [dict(row.values) for row in found if isinstance(row, HistoryRow)]

    return made


Read = Callable[..., list[dict[str, object]]]


def insert(postgresql: str, table: str, *rows: tuple[object, ...]) -> None:
    with psycopg.connect(postgresql) as connection, connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} VALUES (%s, %s, %s, %s)", rows)  # noqa: S608 -- a name made here


def test_instants_are_aware_and_what_python_has_not_is_text(postgresql: str, table: str, read: Read) -> None:
    insert(
        postgresql,
        table,
        (uuid.UUID(int=1), "2019-03-01 12:34:56.789+01", "2019-03-01 12:34:56", "2019-03-01"),
        (uuid.UUID(int=2), "infinity", "-infinity", "infinity"),
        (uuid.UUID(int=3), "0044-03-15 12:00:00+00 BC", "0044-03-15 12:00:00 BC", "0044-03-15 BC"),
        (uuid.UUID(int=4), None, None, None),
    )
    found = read(columns=["id", "time", "local", "day"])
    assert found[0]["time"] == dt.datetime(2019, 3, 1, 11, 34, 56, 789_000, tzinfo=dt.UTC)
    assert found[0]["local"] == dt.datetime(2019, 3, 1, 12, 34, 56)  # noqa: DTZ001 -- it has no zone
    assert found[0]["id"] == uuid.UUID(int=1)
    assert [found[1][name] for name in ("time", "local", "day")] == ["infinity", "-infinity", "infinity"]
    assert str(found[2]["time"]).endswith("BC")
    assert found[3]["time"] is None


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id, time FROM {} -- the end",
        "SELECT id, time FROM {};\n",
        "WITH old AS (SELECT * FROM {}) SELECT id, time FROM old WHERE id::text LIKE '%' -- 100 % of $1",
    ],
)
def test_any_query_will_do(postgresql: str, table: str, read: Read, query: str) -> None:
    insert(postgresql, table, *((uuid.UUID(int=number), "2019-03-01", None, None) for number in range(5)))
    assert len(read(query)) == 5


@pytest.mark.parametrize("order_by", ["id", "time", "weight"])
def test_rows_go_by_any_unique_column(postgresql: str, table: str, read: Read, order_by: str) -> None:
    times = [f"2019-03-01 00:00:00.{number:06}" for number in (5, 50, 500, 7, 123_456)]
    insert(postgresql, table, *((uuid.uuid4(), time, None, None) for time in times))
    query = "SELECT id, time, extract(epoch FROM time)::numeric * -1 AS weight FROM {}"
    assert len({row["id"] for row in read(query, order_by)}) == 5


@pytest.mark.parametrize(
    ("query", "order_by", "complaint"),
    [
        ("SELECT 1 AS number, now() AS time, id FROM generate_series(1, 5) AS id", "number", "more than once"),
        ("SELECT NULL AS number, now() AS time, 1 AS id", "number", "is null in some rows"),
        ("SELECT * FROM {}", "number", "order_by names 'number'; the query's columns are id, time, local, day"),
        ("SELECT id, time, id FROM {}", "id", "more than one column called 'id'"),
        ("SELECT * FROM nowhere_{}", "id", "does not exist"),
        ("SELEC", "id", "syntax error"),
        ("DELETE FROM {} RETURNING *", "id", "syntax error"),
    ],
)
def test_a_wrong_query_says_what_is_wrong(read: Read, query: str, order_by: str, complaint: str) -> None:
    with pytest.raises(HistoryError, match=complaint) as caught:
        read(query, order_by)
    assert SECRET not in str(caught.value)


def test_a_query_cannot_write(postgresql: str, table: str, read: Read) -> None:
    with psycopg.connect(postgresql) as connection:
        connection.execute(
            f"CREATE FUNCTION f_{table}() RETURNS int LANGUAGE sql AS 'DELETE FROM {table} RETURNING 1'"  # noqa: S608
        )
    insert(postgresql, table, (uuid.UUID(int=1), "2019-03-01", None, None))
    with pytest.raises(HistoryError, match="read-only transaction"):
        read(f"SELECT *, f_{table}() FROM {table}")  # noqa: S608 -- a name made here


def address_problems(postgresql: str) -> dict[str, str]:
    return {
        "wrong password": postgresql.replace(SECRET, "secret"),
        "wrong database": postgresql.replace(SECRET, "secret").removesuffix("postgres") + "nowhere",
        "wrong port": f"postgresql://signtally:secret@{LOOPBACK}:{free_port()}/postgres",
        "no address": "postgresql://tests:secret@%zz@host/x",
        "no port": "postgresql://tests:se/cret@host:5432/x",
        "no database": "postgresql://tests:12/secret@host:5432/x",
    }


@pytest.mark.parametrize(
    "problem", ["wrong password", "wrong database", "wrong port", "no address", "no port", "no database"]
)
def test_a_wrong_address_is_a_clear_error_without_its_password(postgresql: str, problem: str) -> None:
    address = address_problems(postgresql)[problem]
    with pytest.raises(HistoryError) as caught:
        PostgresqlHistory(address, query="SELECT 1 AS id", order_by="id").columns()
    assert "secret" not in str(caught.value)
    assert "se/cret" not in str(caught.value)
    assert str(caught.value)


def test_a_password_that_is_wrong_stays_wrong(postgresql: str) -> None:
    address = address_problems(postgresql)["wrong password"]
    with pytest.raises(HistoryError, match="password authentication failed") as caught:
        PostgresqlHistory(address, query="SELECT 1 AS id", order_by="id").columns()
    assert not isinstance(caught.value, HistoryUnavailableError)


def test_a_server_that_is_away_may_come_back(postgresql: str) -> None:
    away = address_problems(postgresql)["wrong port"]
    with pytest.raises(HistoryUnavailableError, match="cannot be reached now"):
        PostgresqlHistory(away, query="SELECT 1 AS id", order_by="id").columns()


def test_name_and_identity_hold_no_password(postgresql: str) -> None:
    source = PostgresqlHistory(postgresql, query="SELECT 1 AS id", order_by="id")
    assert source.name.startswith(f"postgresql://signtally@{LOOPBACK}:")
    other = PostgresqlHistory(postgresql.replace(SECRET, "changed"), query="SELECT 1 AS id", order_by="id")
    assert (source.name, source.identity) == (other.name, other.identity)
