"""Marks of provisional figures: tenants and hours with events that were stored and could not be read yet.

One empty object a tenant and touched batch (`stores.touched_hours`), whose name says it all, so that a listing answers.
"""

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

import polars as pl

from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE, segment
from signtally.stores.touched_hours import TouchedBatch, batch_name

PROVISIONAL = f"{STATE}provisional/"
_HOUR_SECONDS = 3600


@dataclasses.dataclass(frozen=True, slots=True)
class ProvisionalSpan:
    """Events of one tenant between these instants (aware, UTC) are stored and not counted yet."""

    since: dt.datetime
    until: dt.datetime


class ProvisionalFigures:
    """The marks, by tenant and touched batch."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def mark(self, batch: TouchedBatch) -> None:
        """Mark the figures of every tenant in a batch as provisional."""
        for key in _keys(batch):
            self._objects.put(key, b"")

    def clear(self, batch: TouchedBatch, rows: pl.DataFrame) -> None:
        """Delete the marks of one batch for the tenants of *rows*."""
        tenants = {segment(tenant_id) for tenant_id in rows["tenant_id"].unique()}
        self._objects.delete(key for key in _keys(batch) if PurePosixPath(key).parent.name in tenants)

    def clear_orphans(self, batch_names: Collection[str]) -> None:
        """Delete the marks of all batches but these: a batch that is lost will never be counted and acked."""
        marks = (each.key for each in self._objects.list_objects(PROVISIONAL))
        self._objects.delete(key for key in marks if PurePosixPath(key).name.rsplit("-", 1)[1] not in batch_names)

    def spans(self, tenant_id: str) -> list[ProvisionalSpan]:
        """The marks of one tenant, one a batch."""
        names = [
            PurePosixPath(each.key).name for each in self._objects.list_objects(f"{PROVISIONAL}{segment(tenant_id)}/")
        ]
        return [_span(name) for name in names]


def _keys(batch: TouchedBatch) -> Iterator[str]:
    name = batch_name(batch.key)
    spans = batch.rows.group_by("tenant_id").agg(first=pl.col("hour").min(), last=pl.col("hour").max())
    for tenant_id, first, last in spans.iter_rows():
        yield f"{PROVISIONAL}{segment(tenant_id)}/{_number(first)}-{_number(last) + 1}-{name}"


def _number(hour: dt.datetime) -> int:
    return int(hour.timestamp()) // _HOUR_SECONDS


def _span(name: str) -> ProvisionalSpan:
    since, until, _ = name.split("-")
    return ProvisionalSpan(*(dt.datetime.fromtimestamp(int(each) * _HOUR_SECONDS, dt.UTC) for each in (since, until)))
