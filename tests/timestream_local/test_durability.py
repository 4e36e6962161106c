"""What was acknowledged survives a kill at any moment; readers see whole batches; many write at once."""
# ruff: noqa: S608 - the SQL is the test

import resource
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.ports import free_port
from tests.timestream_local.timestream_harness import Server, Table, client, multi, record, running, start
from timestream_local.store.storage import Storage

BASE = 1_600_000_000_000


def batch(writer: int, number: int, size: int = 20) -> list[dict[str, object]]:
    """Records of one writer's batch, each known by its own number."""
    return [
        multi(BASE + number, {"writer": str(writer), "item": f"{number}-{item}"}, {"n": ("BIGINT", str(number))})
        for item in range(size)
    ]


@pytest.mark.parametrize("options", [(), ("--no-fsync",)])
def test_every_acknowledged_record_is_there_after_kill_9(data: Path, options: tuple[str, ...]) -> None:
    """Three times over: writers run, the server is killed between or within commits, the file opens again."""
    acknowledged: set[tuple[int, int]] = set()
    port, table = free_port(), None
    for life in range(3):
        process = start("--data", str(data), *options, port=port)
        server = Server(f"http://127.0.0.1:{port}")
        table = server.table() if table is None else type(table)(server, table.database, table.name)
        enough = threading.Event()

        def write(writer: int, table: Table = table, life: int = life, enough: threading.Event = enough) -> None:
            own = client("timestream-write", table.server.url)
            for number in range(life * 1_000, life * 1_000 + 500):
                try:
                    own.write_records(DatabaseName=table.database, TableName=table.name, Records=batch(writer, number))
                except (BotoCoreError, ClientError):
                    return
                acknowledged.add((writer, number))
                if number % 1_000 == 15 + writer:
                    enough.set()

        with ThreadPoolExecutor(3) as pool:
            running_writers = [pool.submit(write, writer) for writer in range(3)]
            assert enough.wait(60)
            process.send_signal(signal.SIGKILL)
            process.wait()
            for future in running_writers:
                future.result()
    assert table is not None
    with running("--data", str(data)) as server:
        rows = server.rows(f'SELECT writer, n, count(*) FROM "{table.database}"."{table.name}" GROUP BY 1, 2')
        found = {(int(writer), int(number)): int(count) for writer, number, count in rows}
        assert acknowledged <= found.keys()
        assert set(found.values()) == {20}  # a batch is there whole or not at all


@pytest.mark.parametrize(("fsync", "mode"), [(True, "STANDARD"), (False, "NONE")])
def test_only_who_asks_for_it_does_without_the_disk(data: Path, fsync: bool, mode: str) -> None:  # noqa: FBT001 - a parameter
    storage = Storage(str(data), fsync=fsync)
    try:
        assert storage.connection.execute("SELECT current_setting('fsync_mode')").fetchall() == [(mode,)]
    finally:
        storage.close()


def test_a_stopped_server_has_everything_when_it_starts_again(data: Path) -> None:
    with running("--data", str(data)) as server:
        table = server.table()
        table.put(record(BASE), record(BASE + 1, Version=5))
        server.write.tag_resource(
            ResourceARN=f"arn:aws:timestream:us-east-1:0:database/{table.database}", Tags=[{"Key": "a", "Value": "b"}]
        )
    with running("--data", str(data)) as server:
        again = type(table)(server, table.database, table.name)
        assert again.rows("count(*)") == [["2"]]
        assert len(again.rejected(record(BASE, value=9), record(BASE + 1, value=9, Version=4))) == 2
        arn = server.write.describe_database(DatabaseName=table.database)["Database"]["Arn"]
        assert server.write.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_readers_see_whole_batches_while_many_write(table: Table) -> None:
    """Writers go on until every reader has seen batches arrive between two of its reads."""
    done = threading.Event()
    looked = [threading.Event() for _ in range(2)]
    table.put(*batch(9, 0))  # before the first record there is no column to read

    def write(writer: int) -> int:
        """Return the number of batches written."""
        own = client("timestream-write", table.server.url)
        number = 0
        while number < 15 or not all(event.is_set() for event in looked):
            own.write_records(DatabaseName=table.database, TableName=table.name, Records=batch(writer, number))
            number += 1
        return number

    def read(seen_growth: threading.Event) -> list[int]:
        """Return the number of batches that each read saw."""
        seen: list[int] = []
        try:
            while not done.is_set():
                rows = table.rows("writer, n, count(*)", "GROUP BY 1, 2")
                assert {count for _, _, count in rows} == {"20"}
                seen.append(len(rows))
                if seen[-1] > seen[0]:
                    seen_growth.set()
        finally:
            seen_growth.set()  # the writers must end when a reader fails
        return seen

    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read, event) for event in looked]
        writers = [pool.submit(write, writer) for writer in range(4)]
        written = sum(future.result() for future in writers)
        done.set()
        seen = [reader.result() for reader in readers]
    for counts in seen:
        assert counts == sorted(counts)
        assert counts[-1] > counts[0]
    assert table.rows("count(*)") == [[str((written + 1) * 20)]]


def test_of_many_writers_of_one_identity_one_wins(table: Table) -> None:
    """Sixteen calls write another value each under one identity: one is taken, the others are told so."""

    def write(value: int) -> bool:
        own = client("timestream-write", table.server.url)
        try:
            own.write_records(DatabaseName=table.database, TableName=table.name, Records=[record(BASE, value=value)])
        except own.exceptions.RejectedRecordsException:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(16))) == 1
    assert table.rows("count(*)") == [["1"]]


def test_a_full_disk_refuses_the_write_and_loses_nothing(data: Path) -> None:
    """A limit on the size of its files stands for the full disk: the write fails, all else goes on."""
    port = free_port()
    process = start("--data", str(data), port=port)
    try:
        server = Server(f"http://127.0.0.1:{port}")
        table = server.table()
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (2_000_000, -1))
        acknowledged = 0
        refused = ""
        while not refused:
            try:
                table.put(*wide_batch(acknowledged))
                acknowledged += 100
            except server.write.exceptions.InternalServerException as error:
                refused = str(error)
        assert "Not written" in refused
        assert table.rows("count(*)") == [[str(acknowledged)]]
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (-1, -1))
        table.put(*wide_batch(100_000))
        assert table.rows("count(*)") == [[str(acknowledged + 100)]]
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
    with running("--data", str(data)) as again:
        assert type(table)(again, table.database, table.name).rows("count(*)") == [[str(acknowledged + 100)]]


def wide_batch(number: int) -> list[dict[str, object]]:
    dimensions = [{"d": "x" * 500 + str(item)} for item in range(100)]
    return [multi(BASE + number, found, {"m": ("VARCHAR", "y" * 400 + str(number))}) for found in dimensions]
