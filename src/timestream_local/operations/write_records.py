"""The operation WriteRecords."""

from concurrent.futures import Future
from typing import Any

from timestream_local.protocol.constraints import used_name
from timestream_local.protocol.errors import RejectedRecordsError
from timestream_local.service import Service
from timestream_local.store.retention import Store
from timestream_local.writing.records import parse_records
from timestream_local.writing.writer import Batch

Json = dict[str, Any]


def submit(service: Service, request: Json) -> tuple[Batch, Future[dict[Store, int]]]:
    """Check the request and hand its records to the writer; the future ends when they are on disk."""
    database, table = used_name(request, "DatabaseName"), used_name(request, "TableName")
    service.catalog.table(database, table)
    batch = Batch(database, table, parse_records(request))
    return batch, service.writer.write(batch)


def answer(batch: Batch) -> Json:
    """What the call returns once the writer is through: all records taken, or a 419 that names those that were not."""
    if batch.rejections:
        rejections = sorted(batch.rejections, key=lambda rejection: rejection.index)
        raise RejectedRecordsError([rejection.describe() for rejection in rejections])
    memory, magnetic = batch.ingested.get(Store.MEMORY, 0), batch.ingested.get(Store.MAGNETIC, 0)
    return {"RecordsIngested": {"Total": memory + magnetic, "MemoryStore": memory, "MagneticStore": magnetic}}
