"""How complete the figures are, read once: for whoever reads rows of many tenants at one moment, and uses them later.

A row that could not be read yet is forgotten once it can be, and data-through rises: what is said of rows that were
read before must be what was known before them.
"""

import datetime as dt
from collections.abc import Iterable, Iterator

from signtally.ports.objects import ObjectMissingError, ObjectStore, ObjectSummary, StoredObject
from signtally.stores.provisional import PROVISIONAL
from signtally.stores.unread_rows import UNREAD
from signtally.stores.watermarks import DATA_THROUGH

_FOLDERS = (PROVISIONAL, UNREAD)


class PinnedState:
    """An `ObjectStore` whose data-through, provisional marks and unread rows stay as they were when it was made.

    Everything else is read from *objects*, and written to them. Raises a ServiceError when made, too.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._listed = {folder: [*objects.list_objects(folder)] for folder in _FOLDERS}
        read_now = [DATA_THROUGH, *(each.key for each in self._listed[UNREAD])]
        self._known = {key: _read(objects, key) for key in read_now}

    def get(self, key: str) -> StoredObject:
        if key not in self._known:
            return self._objects.get(key)
        known = self._known[key]
        if known is None:
            raise ObjectMissingError(key)
        return known

    def list_objects(self, prefix: str, *, after: str | None = None) -> Iterator[ObjectSummary]:
        if not prefix.startswith(_FOLDERS):
            yield from self._objects.list_objects(prefix, after=after)
            return
        folder = next(each for each in _FOLDERS if prefix.startswith(each))
        for summary in self._listed[folder]:
            if summary.key.startswith(prefix) and (after is None or summary.key > after):
                yield summary

    def put(self, key: str, body: bytes, *, content_type: str = "application/json") -> str:
        return self._objects.put(key, body, content_type=content_type)

    def put_if_absent(self, key: str, body: bytes, *, content_type: str = "application/json") -> bool:
        return self._objects.put_if_absent(key, body, content_type=content_type)

    def put_if_match(self, key: str, body: bytes, *, etag: str, content_type: str = "application/json") -> bool:
        return self._objects.put_if_match(key, body, etag=etag, content_type=content_type)

    def delete(self, keys: Iterable[str]) -> None:
        self._objects.delete(keys)

    def list_prefixes(self, prefix: str) -> Iterator[str]:
        return self._objects.list_prefixes(prefix)

    def signed_url(self, key: str, *, ttl: dt.timedelta, filename: str, is_seen: bool = False) -> str:
        return self._objects.signed_url(key, ttl=ttl, filename=filename, is_seen=is_seen)

    def provision(self) -> bool:
        return self._objects.provision()


def _read(objects: ObjectStore, key: str) -> StoredObject | None:
    """None for an unread row that has become readable since the listing: it will be among the rows."""
    try:
        return objects.get(key)
    except ObjectMissingError:
        return None
