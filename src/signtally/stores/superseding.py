"""Events that were found not to count, until their days are known to be counted without them.

A list is put here before the usage store is told. It stays until the store is seen to know, which may take hours, and
the days are noted as touched: so neither a crash in between nor a slow store leaves a day that counts them for good.
"""

import io
import uuid
from collections.abc import Iterator

import polars as pl

from signtally.domain.schemas import IDENTITY
from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores.keys import STATE

_PREFIX = f"{STATE}superseding/"


class Superseding:
    """Rows of schema IDENTITY, in lists with a key each."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def put(self, rows: pl.DataFrame) -> None:
        if len(rows):
            self._store(f"{_PREFIX}{uuid.uuid4().hex}.parquet", rows)

    def lists(self) -> Iterator[tuple[str, pl.DataFrame]]:
        for found in [*self._objects.list_objects(_PREFIX)]:
            try:
                body = self._objects.get(found.key).body
            except ObjectMissingError:  # another run is done with it
                continue
            yield found.key, pl.read_parquet(io.BytesIO(body))

    def all(self) -> pl.DataFrame:
        return pl.concat([IDENTITY.to_frame(), *(rows for _, rows in self.lists())]).unique()

    def keep(self, key: str, rows: pl.DataFrame) -> None:
        """What is left of a list; nothing, and it is gone."""
        if len(rows):
            self._store(key, rows)
        else:
            self._objects.delete([key])

    def _store(self, key: str, rows: pl.DataFrame) -> None:
        body = io.BytesIO()
        rows.write_parquet(body, compression="zstd")
        self._objects.put(key, body.getvalue(), content_type="application/vnd.apache.parquet")
