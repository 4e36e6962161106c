"""WriteRecords of 100 multi-measure records: the server's own time, and what clients see.

Goals: at most twice the time that DuckDB takes to commit the same rows; for boto3 with 1 and 8 clients, at most 1.5
times the same loop against a server that stores nothing.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
from bench_harness import NAMES, Raw, batch, client, create, free_port, milliseconds, process, server, show

from timestream_local.catalog.schema import Column, ColumnKind, ScalarType, Table
from timestream_local.writing.records import parse_records
from timestream_local.writing.writer import arrow_rows

BATCHES = 100
ROUNDS = 5
CLIENTS = [1, 8]
LOGGED_BYTES = 18_000


def direct(folder: Path) -> Callable[[int], None]:
    """DuckDB alone: return what inserts and commits the rows of one batch, given as Arrow."""
    connection = duckdb.connect(str(folder / "direct.duckdb"))
    parsed = [parse_records({"Records": batch(number)}) for number in range(BATCHES)]
    shape = parsed[0][0].shape
    columns = [Column(name, ScalarType.VARCHAR, ColumnKind.DIMENSION) for name in shape.dimensions]
    columns += [Column(name, ScalarType(kind), ColumnKind.MULTI) for name, kind in shape.measures]
    table = Table(1, "d", "t", 0, 0, added=tuple(columns))
    rows = [arrow_rows(table, records, lambda _: 0) for records in parsed]
    connection.register("first", rows[0])
    connection.execute("CREATE TABLE t AS SELECT * FROM first LIMIT 0")

    def insert(number: int) -> None:
        connection.register("rows", rows[number])
        connection.execute("INSERT INTO t SELECT * FROM rows")

    return insert


def server_time(folder: Path) -> None:
    """Batch for batch by turns with DuckDB alone, so that a slow disk is slow for both."""
    insert = direct(folder)
    bodies = [json.dumps({**NAMES, "Records": batch(number)}).encode() for number in range(BATCHES + 1)]
    with server(folder / "served.duckdb") as (url, _):
        create(url)
        raw = Raw(url)
        raw.call("WriteRecords", bodies[BATCHES])
        alone, served = [], []
        for number in range(BATCHES):
            alone.append(milliseconds(lambda _, number=number: insert(number), 1))
            served.append(milliseconds(lambda _, number=number: raw.call("WriteRecords", bodies[number]), 1))
    duckdb_ms, server_ms = statistics.median(alone), statistics.median(served)
    show(benchmark="batch of 100", duckdb_ms=duckdb_ms, server_ms=server_ms, ratio=server_ms / duckdb_ms, goal=2)


class Loop:
    """Clients of one server, each with a client object of its own, that write at once and go on as fast as they can."""

    def __init__(self, url: str) -> None:
        self._own = [client("timestream-write", url) for _ in range(max(CLIENTS))]

    def seconds(self, clients: int, batches: Sequence[list[dict[str, Any]]]) -> float:
        """Seconds for all of *batches*, dealt out to so many clients."""

        def run(place: int) -> None:
            for records in batches[place::clients]:
                self._own[place].write_records(**NAMES, Records=records)

        with ThreadPoolExecutor(clients) as pool:
            started = time.perf_counter()
            list(pool.map(run, range(clients)))
            return time.perf_counter() - started


def with_boto3(folder: Path, *options: str) -> None:
    """Both loops by turns, so that what else the machine does strikes both; the first round warms up."""
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("null_server.py")), str(port)]
    data = folder / f"boto3{''.join(options)}.duckdb"
    with process(command, f"http://127.0.0.1:{port}"), server(data, *options) as (url, _):
        create(url)
        floor, loop = Loop(f"http://127.0.0.1:{port}"), Loop(url)
        times: dict[int, list[tuple[float, float]]] = {clients: [] for clients in CLIENTS}
        for turn, clients in enumerate(CLIENTS * (ROUNDS + 1)):
            batches = [batch(turn * BATCHES + number) for number in range(BATCHES)]
            times[clients].append((floor.seconds(clients, batches), loop.seconds(clients, batches)))
    for clients, (_, *rounds) in times.items():
        null, stored = (statistics.median(seconds) / BATCHES * 1e3 for seconds in zip(*rounds, strict=True))
        ratio = statistics.median(stored / null for null, stored in rounds)
        show(
            benchmark=" ".join(("boto3", *options)),
            clients=clients,
            null_ms=null,
            server_ms=stored,
            ratio=ratio,
            goal=1.5,
        )


def disk_ms(folder: Path) -> float:
    """The mean time that the disk takes to make as much durable as a batch adds to DuckDB's log: noise has a name."""
    with (folder / "synced").open("wb", buffering=0) as file:

        def sync(_number: int) -> None:
            file.write(os.urandom(LOGGED_BYTES))
            os.fdatasync(file.fileno())

        started = time.perf_counter()
        milliseconds(sync, BATCHES)
        return (time.perf_counter() - started) / BATCHES * 1e3


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server_time(folder)
        with_boto3(folder)
        with_boto3(folder, "--no-fsync")
        show(benchmark="fdatasync", mean_ms=disk_ms(folder))


if __name__ == "__main__":
    main()
