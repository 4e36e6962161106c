"""WriteRecords of 100 multi-measure records: the server's own time, and what clients see.

Goals: at most twice the time that DuckDB takes to commit the same rows; for boto3 with 1 and 8 clients, at most 1.5
times the same loop against a server that stores nothing.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
from bench_harness import NAMES, Raw, batch, client, create, free_port, milliseconds, process, server, show

from timestream_local.catalog import Column, ColumnKind, ScalarType, Table
from timestream_local.ingestion import arrow_rows
from timestream_local.records import parse_records

BATCHES = 200


def direct(folder: Path) -> float:
    """DuckDB alone: the rows as Arrow, inserted and committed."""
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

    return milliseconds(insert, BATCHES)


def through_http(folder: Path) -> float:
    bodies = [json.dumps({**NAMES, "Records": batch(number)}).encode() for number in range(BATCHES + 1)]
    with server(folder / "served.duckdb") as (url, _):
        create(url)
        raw = Raw(url)
        raw.call("WriteRecords", bodies[BATCHES])
        return milliseconds(lambda number: raw.call("WriteRecords", bodies[number]), BATCHES)


def boto3_seconds(url: str, clients: int) -> float:
    """Seconds for BATCHES batches by so many clients at once, each with a client object of its own."""
    own = [client("timestream-write", url) for _ in range(clients)]
    batches = [batch(number + clients * 10_000) for number in range(BATCHES)]

    def run(place: int) -> None:
        for number in range(place, BATCHES, clients):
            own[place].write_records(**NAMES, Records=batches[number])

    with ThreadPoolExecutor(clients) as pool:
        started = time.perf_counter()
        list(pool.map(run, range(clients)))
        return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alone, served = direct(folder), through_http(folder)
        show(benchmark="batch of 100", duckdb_ms=alone, server_ms=served, ratio=served / alone, goal=2)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, str(Path(__file__).with_name("null_server.py")), str(port)]
        with process(command, url):
            nothing = {clients: boto3_seconds(url, clients) for clients in (1, 8)}
        with server(folder / "boto3.duckdb") as (url, _):
            create(url)
            stored = {clients: boto3_seconds(url, clients) for clients in (1, 8)}
        for clients in (1, 8):
            per_batch = {"null_ms": nothing[clients] / BATCHES * 1e3, "server_ms": stored[clients] / BATCHES * 1e3}
            show(benchmark=f"boto3, {clients} clients", **per_batch, ratio=stored[clients] / nothing[clients], goal=1.5)


if __name__ == "__main__":
    main()
