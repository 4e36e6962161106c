"""What every source of past actions does: memory, CSV, Parquet and PostgreSQL alike."""

import csv
import datetime as dt
import json
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import psycopg
import pytest
from psycopg import sql

from signtally.history.csv import CsvHistory
from signtally.history.parquet import ParquetHistory
from signtally.history.postgresql import PostgresqlHistory
from signtally.memory.history import MemoryHistory
from signtally.ports.history import HistoryChunk, HistoryRow, HistorySource

COLUMNS = ["id", "time", "user_name"]
CHUNK = 3
Row = tuple[str, str, str]
Make = Callable[[Sequence[Row]], HistorySource]
AWKWARD = [
    "O'Hara & Söhne",
    'quoted "twice"',
    "back\\slash",
    "line\nbreak\r\n\ttab",
    "東京株式会社 😀",
    "a,b;c",
    " x ",
    "100 %s",
]


@pytest.fixture
def memory_history() -> Make:
    return lambda rows: MemoryHistory(
        [dict(zip(COLUMNS, row, strict=True)) for row in rows], columns=COLUMNS, chunk_rows=CHUNK
    )


@pytest.fixture
def csv_history(tmp_path: Path) -> Make:
    def make(rows: Sequence[Row]) -> HistorySource:
        path = tmp_path / f"{uuid.uuid4().hex}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *rows])
        return CsvHistory(path, chunk_rows=CHUNK)

    return make


@pytest.fixture
def parquet_history(tmp_path: Path) -> Make:
    def make(rows: Sequence[Row]) -> HistorySource:
        path = tmp_path / f"{uuid.uuid4().hex}.parquet"
        pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row").write_parquet(path, row_group_size=7)
        return ParquetHistory(path, chunk_rows=CHUNK)

    return make


@pytest.fixture
def postgresql_history(postgresql: str) -> Make:
    def make(rows: Sequence[Row]) -> HistorySource:
        table = f"t{uuid.uuid4().hex}"
        with psycopg.connect(postgresql) as connection:
            connection.execute(
                sql.SQL("CREATE TABLE {} (number serial PRIMARY KEY, id text, time text, user_name text)").format(
                    sql.Identifier(table)
                )
            )
            with connection.cursor() as cursor:
                cursor.executemany(
                    sql.SQL("INSERT INTO {} (id, time, user_name) VALUES (%s, %s, %s)").format(sql.Identifier(table)),
                    rows,
                )
        return PostgresqlHistory(postgresql, query=f"SELECT * FROM {table}", order_by="number", chunk_rows=CHUNK)  # noqa: S608 -- a name made here

    return make


@pytest.fixture(params=["memory", "csv", "parquet", "postgresql"])
def history(request: pytest.FixtureRequest) -> Make:
    make: Make = request.getfixturevalue(f"{request.param}_history")
    return make


def some(count: int) -> list[Row]:
    return [(f"e{number}", f"2019-03-01T00:00:{number % 60:02}Z", f"name {number}") for number in range(count)]


def chunks(source: HistorySource) -> list[HistoryChunk]:
    return list(source.chunks(after=None, columns=COLUMNS))


def rows(found: Sequence[HistoryChunk]) -> list[Row]:
    return [values(row) for chunk in found for row in chunk.rows]


def values(row: object) -> Row:
    assert isinstance(row, HistoryRow)
    one, two, three = (row.values[name] for name in COLUMNS)
    return str(one), str(two), str(three)


def test_every_row_comes_once_in_order(history: Make) -> None:
    written = some(70)
    found = chunks(history(written))
    assert rows(found) == written
    assert max(len(chunk.rows) for chunk in found) == CHUNK
    lines = [row.line for chunk in found for row in chunk.rows]
    assert lines == list(range(lines[0], lines[0] + len(written)))


@pytest.mark.parametrize("count", [0, 1, CHUNK, CHUNK + 1])
def test_few_rows_are_no_special_case(history: Make, count: int) -> None:
    source = history(some(count))
    assert set(COLUMNS) <= set(source.columns())
    assert rows(chunks(source)) == some(count)


def test_reading_goes_on_from_any_position_with_the_same_cuts(history: Make) -> None:
    source = history(some(40))
    whole = chunks(source)
    assert len(whole) > 1
    for number, chunk in enumerate(whole):
        position = json.loads(json.dumps(chunk.position))
        assert list(source.chunks(after=position, columns=COLUMNS)) == whole[number + 1 :]


def test_awkward_texts_come_as_they_are(history: Make) -> None:
    written = [(f"e{number}", text, text) for number, text in enumerate(AWKWARD)]
    assert rows(chunks(history(written))) == written


def test_the_identity_is_that_of_the_rows(history: Make) -> None:
    source = history(some(3))
    assert source.identity == source.identity
    assert source.identity != history(some(4)).identity


def test_files_say_how_far_they_are_read(csv_history: Make, parquet_history: Make, memory_history: Make) -> None:
    for make in (csv_history, parquet_history, memory_history):
        fractions = [chunk.fraction for chunk in chunks(make(some(9)))]
        assert fractions == sorted(fractions, key=lambda fraction: fraction or 0)
        assert fractions[-1] == 1.0


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "typed.parquet"
    instant = dt.datetime(2019, 3, 1, 11, 34, 56, 789_001, tzinfo=dt.UTC)
    frame = pl.DataFrame(
        {"id": [7], "time": [instant], "user_name": [None]}, schema_overrides={"time": pl.Datetime("ns", "UTC")}
    )
    frame.write_parquet(path)
    [chunk] = chunks(ParquetHistory(path))
    [row] = chunk.rows
    assert isinstance(row, HistoryRow)
    assert row.values == {"id": 7, "time": instant, "user_name": None}
