"""Events that were found not to count, until their days are known to be counted without them.

A list is put here before the usage store is told. It stays until the store is seen to know, which may take hours, and
the days are noted as touched: so neither a crash in between nor a slow store leaves a day that counts them for good.
"""

import uuid
from collections.abc import Iterator

import polars as pl

from signtally.domain.schemas import IDENTITY
from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import ParquetObject

_PREFIX = f"{STATE}superseding/"


class Superseding:
    """Rows of schema IDENTITY, in lists with a key each."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def put(self, rows: pl.DataFrame) -> None:
        """Store a list of its own; no rows, no list."""
        if len(rows):
            self._object(f"{_PREFIX}{uuid.uuid4().hex}.parquet").write(rows)

    def lists(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Key and rows of each list that there is now."""
        for found in [*self._objects.list_objects(_PREFIX)]:
            rows = self._object(found.key).read()
            if rows is not None:  # else another run is done with it
                yield found.key, rows

    def all(self) -> pl.DataFrame:
        """The rows of all lists, each once."""
        return pl.concat([IDENTITY.to_frame(), *(rows for _, rows in self.lists())]).unique()

    def keep(self, key: str, rows: pl.DataFrame) -> None:
        """Store what is left of a list, or delete it when nothing is."""
        if len(rows):
            self._object(key).write(rows)
        else:
            self._object(key).delete()

    def _object(self, key: str) -> ParquetObject:
        return ParquetObject(self._objects, key, IDENTITY)
