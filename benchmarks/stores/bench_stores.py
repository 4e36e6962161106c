"""The two usage stores in one run: PostgreSQL, the local Timestream, and floors below them.

    .venv/bin/python benchmarks/stores/bench_stores.py [--events 10000000] [--ingest 30000] [--documents 60000]

*--events* are loaded into PostgreSQL, and into Parquet for DuckDB; *--ingest* are written by either store, in requests
of 100, by eight writers; *--documents* are those of the giant tenant, five events each. PostgreSQL waits for the disk,
as the local Timestream does; its memory is set as for a machine of 4 GB.
"""

import argparse
import dataclasses
import datetime as dt
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
from pydantic import SecretStr

sys.path.insert(0, str(Path(__file__).parents[1]))  # local_stack, report_figures
sys.path.insert(0, str(Path(__file__).parents[1] / "aggregate"))

import bench_late_event
import report_figures
from bench_peers import measured
from loading import load_events, make_parquet, tenants_by_events
from local_stack import running_aws
from portal_traffic import FIRST, midnight
from writing import Floor, OwnTables, Seconds, made_events, write_seconds

from signtally import wiring
from signtally.domain.aggregation import TenantDay
from signtally.local.local_aws import LocalAws
from signtally.local.local_postgresql import LocalPostgresql
from signtally.local.processes import Program
from signtally.loopback import free_port
from signtally.memory.objects import MemoryObjectStore
from signtally.ports.document_store import TenantSpan
from signtally.ports.usage_store import UsageStore
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.touched_hours import TOUCHED
from signtally.use_cases import provisioning
from signtally.use_cases.aggregating.day_reads import read_days
from signtally.use_cases.aggregating.read_back import ReadBackCheck
from signtally.use_cases.aggregating.written_rows import WrittenRows

ROUNDS = 3
TENANT_MONTHS, MONTH_EVENTS = 40, 800  # how many are read, and about how many events each has
TENANTS = 1_000  # in whose midst an event comes late
SERVER = ("shared_buffers=1GB", "effective_cache_size=3GB", "max_wal_size=4GB", "maintenance_work_mem=512MB")


@dataclasses.dataclass(frozen=True, slots=True)
class Sizes:
    events: int
    ingest: int
    documents: int


def main() -> None:
    sizes = _sizes()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server's account reads what it loads
        server = LocalPostgresql(free_port(0), folder / "postgresql", options=SERVER)

        def beside(_: LocalAws) -> Sequence[Program]:
            return [server.program()]

        with running_aws(beside):
            print(
                f"load {os.getloadavg()[0]:.1f} when it began\n\n| | PostgreSQL | Timestream | floor | ratio | goal |"
            )
            print("|---|---|---|---|---|---|", flush=True)
            _ingest(sizes.ingest, server.address)
            _late_event(server.address)
            _insights(sizes.documents, server.address)
            _many(sizes.events, server.address, folder)


def _sizes() -> Sizes:
    parser = argparse.ArgumentParser()
    for name, default in (("events", 10_000_000), ("ingest", 30_000), ("documents", report_figures.GIANT_DOCUMENTS)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return Sizes(**vars(parser.parse_args()))


def _services(store: str) -> Services:
    name = f"bench-{uuid.uuid4().hex[:12]}"
    settings = Settings(queue=name, dead_letter_queue=f"{name}-dead", bucket=name, database=name)
    services = wiring.services(settings.model_copy(update={"usage_store": SecretStr(store)}))
    provisioning.provision(services=services)
    return services


def _ingest(number: int, address: str) -> None:
    """By turns, so that a slow disk is slow for all; medians of the rounds."""
    stores = [_services(each).usage_store for each in (address, "timestream")]
    own = OwnTables(address, _services(address).settings.database)
    ways: list[Seconds] = [*(write_seconds(store.put_events) for store in stores), Floor(address).seconds, own.seconds]
    seconds: list[list[float]] = [[] for _ in ways]
    for number_of_round in range(ROUNDS):
        events = made_events(number, prefix=f"r{number_of_round}")
        for way, found in zip(ways, seconds, strict=True):
            found.append(way(events))
    rates = [number / statistics.median(found) for found in seconds]
    ours, timestream, copied, into_own = (f"{rate:,.0f} events/s" for rate in rates)
    ratios = f"{rates[0] / rates[2]:.2f} × COPY, {rates[0] / rates[1]:.1f} × Timestream"
    _row("ingest in requests of 100", ours, timestream, copied, ratios, "0.7 × COPY, 3 × Timestream")
    bound = f"{rates[3] / rates[2]:.2f} × COPY, and we {rates[0] / rates[3]:.2f} × it"
    _row("COPY into our own tables, documents kept, nothing refused", into_own, "", copied, bound, "")


def _late_event(address: str) -> None:
    found = []
    for store in (address, "timestream"):
        services, seconds = _services(store), []
        bench_late_event.fill(TENANTS, services)
        for number in range(2 * ROUNDS):
            late = bench_late_event.late_event(TENANTS // 2 + number, bench_late_event.EVENTS_A_TENANT)
            bench_late_event.ingest(services, iter([late]))
            seconds.append(bench_late_event.restating_seconds(services))
        found.append(f"{statistics.median(seconds):.3f} s")
    _row(f"one late event among {TENANTS:,} tenants", *found, "", "", "0.1 s")


def _insights(documents: int, address: str) -> None:
    found, events = [], 0
    for store in (address, "timestream"):
        services = _services(store)
        events = report_figures.fill(services, "giant", documents)
        counts, insights, _ = report_figures.read_seconds(services, "giant", report_figures.PERIODS_DAYS["a year"])
        found.append(f"{insights:.2f} s ({counts:.2f} s counts alone)")
    _row(f"a year of a tenant with {events:,} events, with insights", *found, "", "", "0.5 s")


def _many(number: int, address: str, folder: Path) -> None:
    make_parquet(folder, number)
    services = _services(address)
    loading = load_events(services, address, folder)
    of = f"{number / 1e6:g} M events"
    _row(f"{of}: COPY into the store's own table", f"{number / loading:,.0f} events/s", "", "", "", "")
    _tenant_months(services.usage_store, folder, of)
    _daily_rows(services.usage_store, folder, of)
    _size(address, services.settings.database, number)


def _tenant_months(store: UsageStore, folder: Path, of: str) -> None:
    tenants = tenants_by_events(folder, about=MONTH_EVENTS, number=TENANT_MONTHS)
    since = midnight(FIRST.replace(day=1))
    until = since + dt.timedelta(days=31)
    rows = _median(lambda each: store.events(since=since, until=until, tenant_ids=[each]), tenants)
    counts = _median(lambda each: store.event_counts(TenantSpan(each, since, until), user_ids=None), tenants)
    _row(f"{of}: all rows of a tenant's month, p50", f"{rows * 1000:.1f} ms", "", "", "", "20 ms")
    _row(f"{of}: counts of a tenant's month, p50", f"{counts * 1000:.1f} ms", "", "", "", "20 ms")


def _median(read: Callable[[str], object], tenants: Sequence[str]) -> float:
    seconds = []
    for tenant_id in tenants:
        began = time.perf_counter()
        read(tenant_id)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _daily_rows(store: UsageStore, folder: Path, of: str) -> None:
    peer = measured("duckdb", folder)
    began = time.perf_counter()
    rows = _counted(store, folder)
    seconds = time.perf_counter() - began
    assert rows == peer["rows"], (rows, peer)
    ratio = f"{seconds / peer['seconds']:.2f} ×"
    _row(f"{of} → {rows:,.0f} daily rows", f"{seconds:.1f} s", "", f"{peer['seconds']:.1f} s (DuckDB)", ratio, "1.3 ×")


def _counted(store: UsageStore, folder: Path) -> int:
    """As `signtally aggregate` counts many days: one bulk read, part by part of the tenants."""
    import polars as pl  # noqa: PLC0415 -- after DuckDB has had the machine to itself

    dates = [FIRST + dt.timedelta(days=each) for each in range(-1, 4)]
    tenants = pl.read_parquet(folder / "tenants.parquet").rows()
    days = [TenantDay(tenant_id, day, timezone) for tenant_id, timezone in tenants for day in dates]
    read_back = ReadBackCheck(TOUCHED.to_frame(), written=WrittenRows(store, MemoryObjectStore()))
    return sum(len(part.counted) for part in read_days(days, store=store, read_back=read_back))


def _size(address: str, schema: str, number: int) -> None:
    """In bytes an event, tables with their indexes."""
    query = """SELECT sum(pg_total_relation_size(format('%%I.%%I', schemaname, tablename)::regclass)) FROM pg_tables
        WHERE schemaname = %s"""
    with psycopg.connect(address) as connection:
        (size,) = connection.execute(query, [schema]).fetchone() or (0,)
    _row("bytes an event on the disk", f"{int(size) / number:.0f}", "", "", "", "")


def _row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
