"""Ten million records in one table: reading one tenant's month, and UNLOAD of all of it.

Goals: p50 of the query at most 50 ms; UNLOAD to Parquet at most 1.5 times DuckDB's COPY, and at most 1 GB of memory.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from bench_harness import NAMES, Raw, batch, free_port, milliseconds, process, server, show

from timestream_local.operations import databases, tables, write_records
from timestream_local.protocol.context import Context
from timestream_local.service import Service
from timestream_local.store.storage import Storage

ROWS = 10_000_000
YEAR_NS = 365 * 86_400 * 10**9
KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}

# A year of events in the order of their time, as they arrive, of 1,000 tenants.
FILL = """
INSERT INTO records.t1 (ts_identity, ts_version, ts_digest, ts_visible_at, "time", measure_name, tenant_id, user_id,
    action, event_id, document_id, user_email, user_name, message_id, received_at, sent_at)
SELECT hash(range), 1, hash(range + 1), 0, make_timestamp_ns({start} + range * {step}), 'event',
    't' || hash(range + 2) % 1000, 'u' || hash(range + 3) % 50000, 'document.sent', 'e' || range, 'doc_' || range // 4,
    'user' || hash(range + 3) % 50000 || '@example.com', 'Ann Ash', 'm-' || range,
    make_timestamp_ns({start} + range * {step}), make_timestamp_ns({start}) FROM range({rows})
"""


def fill(path: Path) -> int:
    """Make the table as a client would, then fill it behind the server's back; return the first time."""
    service = Service(Storage(str(path)))
    context = Context("us-east-1", "")
    databases.create_database(service, context, {"DatabaseName": NAMES["DatabaseName"]})
    tables.create_table(
        service, context, {**NAMES, "MagneticStoreWriteProperties": {"EnableMagneticStoreWrites": True}}
    )
    written, done = write_records.submit(service, {**NAMES, "Records": batch(0)})
    done.result()
    write_records.answer(written)
    start = time.time_ns() - YEAR_NS
    service.storage.connection.execute(FILL.format(start=start, step=YEAR_NS // ROWS, rows=ROWS))
    service.close()
    return start


def queries(url: str, start: int) -> None:
    raw = Raw(url)
    month = 30 * 86_400 * 10**9

    def ask(sql: str) -> None:
        raw.call("Query", json.dumps({"QueryString": sql}).encode())

    def between(number: int) -> str:
        first = (start + number % 11 * month) // 10**6
        span = f"from_milliseconds({first}) AND from_milliseconds({first + month // 10**6})"
        return f"FROM bench.events WHERE tenant_id = 't{number % 1000}' AND time BETWEEN {span}"

    rows = milliseconds(lambda number: ask(f"SELECT * {between(number)}"), 40)
    counts = milliseconds(
        lambda number: ask(f"SELECT user_id, action, count(*) AS n {between(number)} GROUP BY 1, 2"), 40
    )
    show(benchmark="one tenant's month of 10 M", rows_p50_ms=rows, counts_p50_ms=counts, goal=50)


def peak_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1e3 for line in status if line.startswith("VmHWM"))


def copy_seconds(path: Path, folder: Path) -> float:
    """DuckDB's own COPY of the columns that UNLOAD writes."""
    with duckdb.connect(str(path)) as connection:
        started = time.perf_counter()
        query = "SELECT * EXCLUDE (ts_identity, ts_version, ts_digest, ts_visible_at, ts_hidden_at) FROM records.t1"
        connection.execute(f"COPY ({query}) TO '{folder / 'copy.parquet'}' (FORMAT parquet, COMPRESSION gzip)")
        return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "year.duckdb"
        start = fill(path)
        port = free_port()
        s3 = f"http://127.0.0.1:{port}"
        command = [sys.executable, str(Path(__file__).with_name("null_server.py")), str(port)]
        with process(command, s3), server(path, "--s3-endpoint", s3) as (url, started):
            queries(url, start)
            before = peak_megabytes(started.pid)
            unload = "UNLOAD (SELECT * FROM bench.events) TO 's3://results/all' WITH (format = 'PARQUET')"
            began = time.perf_counter()
            Raw(url).call("Query", json.dumps({"QueryString": unload}).encode())
            unloaded = time.perf_counter() - began
            peak = peak_megabytes(started.pid)
        copied = copy_seconds(path, folder)
        memory = {"peak_mb": peak, "before_mb": before}
        show(
            benchmark="UNLOAD of 10 M",
            seconds=unloaded,
            copy_seconds=copied,
            ratio=unloaded / copied,
            goal=1.5,
            **memory,
        )


if __name__ == "__main__":
    main()
