"""The format of what is in the bucket: a program that is older than it writes nothing there.

After an upgrade some objects may have fields that an older program would leave out when it stores them again. So the
bucket says how new it is (`state/format.json`), and whoever rolls back too far is told at the first write.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter

from signtally.errors import SigntallyError
from signtally.ports.objects import ObjectStore, ObjectSummary, StoredObject
from signtally.recent import Recent
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import JsonObject

FORMAT = 1  # raised by a change that the program before it would undo or misread
_REREAD_SECONDS = 60.0  # until a program that was running before an upgrade notices it


class NewerFormatError(SigntallyError):
    """A newer program has written to this bucket; this one would spoil what it does not know."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Format:
    format: int


_JSON = TypeAdapter(_Format)


class GuardedBucket:
    """An `ObjectStore` whose writes raise NewerFormatError when the bucket is newer than *known*."""

    def __init__(self, objects: ObjectStore, *, known: int = FORMAT, seconds: float = _REREAD_SECONDS) -> None:
        self._objects = objects
        self._known = known
        self._format = JsonObject(objects, f"{STATE}format.json", _JSON)
        self._require = Recent(self._check, seconds=seconds)

    def get(self, key: str) -> StoredObject:
        return self._objects.get(key)

    def put(self, key: str, body: bytes, *, content_type: str = "application/json") -> str:
        self._require.get()
        return self._objects.put(key, body, content_type=content_type)

    def put_if_absent(self, key: str, body: bytes, *, content_type: str = "application/json") -> bool:
        self._require.get()
        return self._objects.put_if_absent(key, body, content_type=content_type)

    def put_if_match(self, key: str, body: bytes, *, etag: str, content_type: str = "application/json") -> bool:
        self._require.get()
        return self._objects.put_if_match(key, body, etag=etag, content_type=content_type)

    def delete(self, keys: Iterable[str]) -> None:
        self._require.get()
        self._objects.delete(keys)

    def list_objects(self, prefix: str, *, after: str | None = None) -> Iterator[ObjectSummary]:
        return self._objects.list_objects(prefix, after=after)

    def list_prefixes(self, prefix: str) -> Iterator[str]:
        return self._objects.list_prefixes(prefix)

    def signed_url(self, key: str, *, ttl: dt.timedelta, filename: str, is_seen: bool = False) -> str:
        return self._objects.signed_url(key, ttl=ttl, filename=filename, is_seen=is_seen)

    def provision(self) -> bool:
        """Create the bucket unless it exists, and let it say that it is as new as this program."""
        made = self._objects.provision()
        self._format.update(lambda stored: _Format(self._known) if self._is_older(stored) else stored)
        self._check()
        return made

    def _is_older(self, stored: _Format | None) -> bool:
        return stored is None or stored.format < self._known

    def _check(self) -> None:
        """A bucket that says nothing is from before there were formats."""
        stored = self._format.read()
        if stored is not None and stored.format > self._known:
            raise NewerFormatError(
                f"the bucket is in format {stored.format}, written by a newer Signtally, and this one knows "
                f"{self._known}: nothing was stored. Run the newer version again, or restore a backup from before it"
            )
