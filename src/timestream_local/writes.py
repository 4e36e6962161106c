"""The operation WriteRecords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from timestream_local.constraints import used_name
from timestream_local.errors import RejectedRecordsError
from timestream_local.ingestion import Batch
from timestream_local.records import parse_records
from timestream_local.retention import Store

if TYPE_CHECKING:
    from concurrent.futures import Future

    from timestream_local.service import Service

Json = dict[str, Any]


def submit(service: Service, request: Json) -> tuple[Batch, Future[dict[Store, int]]]:
    """Check the request and hand its records to the writer; the future ends when they are on disk."""
    database, table = used_name(request, "DatabaseName"), used_name(request, "TableName")
    service.table(database, table)
    batch = Batch(database, table, parse_records(request))
    return batch, service.writer.write(batch)


def answer(batch: Batch) -> Json:
    """What the call returns once the writer is through: all records taken, or a 419 that names those that were not."""
    if batch.rejections:
        rejections = sorted(batch.rejections, key=lambda rejection: rejection.index)
        raise RejectedRecordsError([rejection.describe() for rejection in rejections])
    memory, magnetic = batch.ingested.get(Store.MEMORY, 0), batch.ingested.get(Store.MAGNETIC, 0)
    return {"RecordsIngested": {"Total": memory + magnetic, "MemoryStore": memory, "MagneticStore": magnetic}}
