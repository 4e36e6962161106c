"""A bucket in memory."""

import datetime as dt
import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from signtally.ports.objects import ObjectMissingError, ObjectSummary, StoredObject


class MemoryObjectStore:
    """A fake bucket; safe for use by several threads. An ETag is a digest of the body, as in S3."""

    def __init__(self, clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self._clock = clock
        self._bodies: dict[str, bytes] = {}
        self._stored_at: dict[str, dt.datetime] = {}  # of keys that may be gone since
        self._lock = threading.Lock()

    def get(self, key: str) -> StoredObject:
        try:
            body = self._bodies[key]
        except KeyError:
            raise ObjectMissingError(key) from None
        return StoredObject(body, _etag(body))

    def put(self, key: str, body: bytes, *, content_type: str = "application/json") -> str:
        del content_type  # nobody reads it back
        with self._lock:
            self._store(key, body)
        return _etag(body)

    def put_if_absent(self, key: str, body: bytes, *, content_type: str = "application/json") -> bool:
        del content_type
        with self._lock:
            if key in self._bodies:
                return False
            self._store(key, body)
            return True

    def put_if_match(self, key: str, body: bytes, *, etag: str, content_type: str = "application/json") -> bool:
        del content_type
        with self._lock:
            if key not in self._bodies or _etag(self._bodies[key]) != etag:
                return False
            self._store(key, body)
            return True

    def _store(self, key: str, body: bytes) -> None:
        self._bodies[key], self._stored_at[key] = body, self._clock()

    def delete(self, keys: Iterable[str]) -> None:
        doomed = list(keys)  # which may come from a listing of this very bucket
        with self._lock:
            for key in doomed:
                self._bodies.pop(key, None)

    def list_objects(self, prefix: str, *, after: str | None = None) -> Iterator[ObjectSummary]:
        with self._lock:
            found = sorted((key, body) for key, body in self._bodies.items() if key.startswith(prefix))
        for key, body in found:
            if after is None or key > after:
                yield ObjectSummary(key, _etag(body), len(body), self._stored_at[key])

    def list_prefixes(self, prefix: str) -> Iterator[str]:
        with self._lock:
            below = [key.removeprefix(prefix) for key in self._bodies if key.startswith(prefix)]
        yield from sorted({rest.split("/", 1)[0] for rest in below if "/" in rest})

    def signed_url(self, key: str, *, ttl: dt.timedelta, filename: str, is_seen: bool = False) -> str:
        if not is_seen and key not in self._bodies:
            raise ObjectMissingError(key)
        return f"memory:///{quote(key)}?expires={int(ttl.total_seconds())}&filename={quote(filename)}"

    def provision(self) -> bool:
        return False  # a dictionary needs no making


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
