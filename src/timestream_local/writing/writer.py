"""The writer: one thread that takes everything waiting, applies the rules of versions, and commits it all at once."""
# ruff: noqa: S608 - table names are t and a number, values are numbers

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from timestream_local.catalog.identifiers import encode
from timestream_local.catalog.schema import ScalarType, Table
from timestream_local.protocol.errors import InternalServerError, ServiceError
from timestream_local.store.catalog import Catalog
from timestream_local.store.retention import Store
from timestream_local.store.storage import Storage
from timestream_local.writing.admission import Admission
from timestream_local.writing.conflicts import Changes, Existing, Rejection
from timestream_local.writing.identity import IdentityIndex
from timestream_local.writing.prepared_inserts import PreparedInsertCache
from timestream_local.writing.records import Record

T = TypeVar("T")

MOST_TOGETHER = 64

ARROW_TYPES = {
    ScalarType.VARCHAR: pa.string(),
    ScalarType.BIGINT: pa.int64(),
    ScalarType.DOUBLE: pa.float64(),
    ScalarType.BOOLEAN: pa.bool_(),
    ScalarType.TIMESTAMP: pa.timestamp("ns"),
}


@dataclass(slots=True)
class Batch:
    """One WriteRecords call on its way through the writer."""

    database: str
    table: str
    records: list[Record]
    future: Future[dict[Store, int]] = field(default_factory=Future)
    rejections: list[Rejection] = field(default_factory=list)
    ingested: dict[Store, int] = field(default_factory=dict)


@dataclass(slots=True)
class Job:
    """A change of the catalog; it waits its turn between batches, so that no write meets half a table."""

    work: Callable[[], Any]
    future: Future[Any] = field(default_factory=Future)


class Writer:
    """Runs every change to the store, in order of arrival. Calls wait until theirs is on disk."""

    def __init__(
        self,
        storage: Storage,
        catalog: Catalog,
        *,
        clock: Callable[[], int],
        visibility: Callable[[Table], Callable[[int], int]],
    ) -> None:
        """Start the thread. *clock* gives nanoseconds since 1970.

        *visibility* gives for a table the function from a record's time to the instant at which it becomes readable.
        """
        self._storage = storage
        self._catalog = catalog
        self._clock = clock
        self._visibility = visibility
        self._queue: queue.SimpleQueue[Batch | Job | None] = queue.SimpleQueue()
        self._indexes: dict[int, IdentityIndex] = {}
        self._inserts = PreparedInsertCache(storage.connection)
        self._thread = threading.Thread(target=self._run, name="timestream-writer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish what is waiting, then stop."""
        self._queue.put(None)
        self._thread.join()

    def write(self, batch: Batch) -> Future[dict[Store, int]]:
        self._queue.put(batch)
        return batch.future

    def run(self, work: Callable[[], T]) -> T:
        """Run *work* on the writer's thread and return what it returns."""
        job = Job(work)
        self._queue.put(job)
        result: T = job.future.result()
        return result

    def forget(self, table: Table) -> None:
        self._indexes.pop(table.id, None)
        self._inserts.forget(table)

    def _run(self) -> None:
        pa.array([])  # the first one imports pandas, where that is installed; no call should wait for it
        while (first := self._queue.get()) is not None:
            taken: list[Batch | Job] = [first]
            stop = False
            while len(taken) < MOST_TOGETHER and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    stop = True
                    break
                taken.append(following)
            for key, group in groupby(taken, key=_table_key):
                self._finish(list(group), key)
            if stop:
                return

    def _finish(self, group: list[Any], key: tuple[str, str] | None) -> None:
        """Answer every future of *group*: with its result, or with the error that undid all of it."""
        if key is None:
            for job in group:
                _resolve(job.future, job.work)
            return
        try:
            self._write_together(group)
        except Exception as error:  # noqa: BLE001 - the server lives on, whatever the disk or the engine says
            failure = error if isinstance(error, ServiceError) else InternalServerError(f"Not written: {error}")
            for batch in group:
                batch.future.set_exception(failure)
            return
        for batch in group:
            batch.future.set_result(batch.ingested)

    def _write_together(self, batches: Sequence[Batch]) -> None:
        table = self._catalog.table(batches[0].database, batches[0].table)
        admission = Admission.to(table, self._clock())
        admitted = [
            (batch, index, record, store)
            for batch in batches
            for index, record in enumerate(batch.records)
            if (store := admission.admit(record, index, batch.rejections)) is not None
        ]
        if admission.new_columns:
            table = self._catalog.widen(table, admission.new_columns)
        index = self._index(table)
        changes = Changes(self._existing(table, index, [record for _, _, record, _ in admitted]))
        for batch, number, record, store in admitted:
            rejection = changes.apply(record, number)
            if rejection is None:
                batch.ingested[store] = batch.ingested.get(store, 0) + 1
            else:
                batch.rejections.append(rejection)
        if changes.put:
            self._store(table, changes)
            index.add(changes.put)

    def _index(self, table: Table) -> IdentityIndex:
        index = self._indexes.get(table.id)
        if index is None:
            select = f"SELECT ts_identity FROM {table.physical_name}"
            hashes = self._storage.connection.execute(select).fetchnumpy()["ts_identity"]
            index = self._indexes[table.id] = IdentityIndex(hashes)
        return index

    def _existing(self, table: Table, index: IdentityIndex, records: list[Record]) -> dict[int, Existing]:
        """Look up what the table has under the identities of *records*; the times let DuckDB skip most of it."""
        known = index.known([record.identity for record in records])
        if not known:
            return {}
        wanted = set(known)
        times = [record.time_ns for record in records if record.identity in wanted]
        identities = ",".join(map(str, wanted))
        select = (
            f"SELECT ts_identity, ts_version, ts_digest, rowid FROM {table.physical_name} "
            f'WHERE "time" BETWEEN make_timestamp_ns({min(times)}) AND make_timestamp_ns({max(times)}) '
            f"AND ts_identity IN ({identities}) AND ts_hidden_at IS NULL"
        )
        rows = self._storage.connection.execute(select).fetchall()
        return {identity: Existing(version, digest, row) for identity, version, digest, row in rows}

    def _store(self, table: Table, changes: Changes) -> None:
        visible_at = self._visibility(table)
        rows = arrow_rows(table, list(changes.put.values()), visible_at)
        insert = self._inserts.of(table, rows)
        if not changes.replaced:
            insert.run(rows)  # one statement is a transaction by itself
            return
        with self._storage.transaction() as connection:
            _retire(connection, table, changes.replaced, visible_at)
            insert.run(rows)


def arrow_rows(table: Table, records: list[Record], visible_at: Callable[[int], int]) -> pa.Table:
    """Return *records* as one Arrow table with the columns that any of them has."""
    shapes = {record.shape for record in records}
    present = set().union(*({*shape.dimensions, *dict(shape.measures)} for shape in shapes))
    times = [record.time_ns for record in records]
    data = {
        "ts_identity": pa.array([record.identity for record in records], pa.uint64()),
        "ts_version": pa.array([record.version for record in records], pa.int64()),
        "ts_digest": pa.array([record.digest for record in records], pa.uint64()),
        "ts_visible_at": pa.array([visible_at(time) for time in times], pa.int64()),
        "time": pa.array(times, pa.timestamp("ns")),
        "measure_name": pa.array([record.measure_name for record in records], pa.string()),
    }
    for column in table.added:
        if column.name in present:
            name = column.name
            values = [record.values.get(name) for record in records]
            data[encode(name).replace('"', '""')] = pa.array(values, ARROW_TYPES[column.type])
    return pa.table(data)


def _retire(
    connection: duckdb.DuckDBPyConnection, table: Table, replaced: dict[int, int], visible_at: Callable[[int], int]
) -> None:
    """Take replaced rows away: at once, or when their successors become readable."""
    by_instant: dict[int, list[int]] = {}
    for row, time_ns in replaced.items():
        by_instant.setdefault(visible_at(time_ns), []).append(row)
    for instant, rows in by_instant.items():
        where = f"WHERE rowid IN ({','.join(map(str, rows))})"
        if instant:
            connection.execute(f"UPDATE {table.physical_name} SET ts_hidden_at = {instant} {where}")
        else:
            connection.execute(f"DELETE FROM {table.physical_name} {where}")


def _table_key(item: Batch | Job) -> tuple[str, str] | None:
    return (item.database, item.table) if isinstance(item, Batch) else None


def _resolve(future: Future[Any], work: Callable[[], Any]) -> None:
    try:
        future.set_result(work())
    except Exception as error:  # noqa: BLE001 - it belongs to the caller, who raises it
        future.set_exception(error)
