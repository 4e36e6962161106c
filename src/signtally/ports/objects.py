"""A bucket of named bytes with compare-and-set."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Protocol

from signtally.errors import SigntallyError


class ObjectMissingError(SigntallyError, LookupError):
    """No object is stored under this key."""


@dataclasses.dataclass(frozen=True, slots=True)
class StoredObject:
    """An object's bytes and the ETag of this version of it."""

    body: bytes
    etag: str


@dataclasses.dataclass(frozen=True, slots=True)
class ObjectSummary:
    """An object as listings show it."""

    key: str
    etag: str
    size_bytes: int
    stored_at: dt.datetime  # aware, by the store's own clock


class ObjectStore(Protocol):
    """Objects by key. Every method may raise a ServiceError of `signtally.ports.errors`."""

    def get(self, key: str) -> StoredObject:
        """The object under *key*. Raises ObjectMissingError."""
        ...

    def put(self, key: str, body: bytes, *, content_type: str = "application/json") -> str:
        """Store, whatever was there; return the new ETag."""
        ...

    def put_if_absent(self, key: str, body: bytes, *, content_type: str = "application/json") -> bool:
        """Store only when nothing is there; False when somebody was first.

        As with `put_if_match`, a request that is repeated because its answer got lost does not lose to itself.
        """
        ...

    def put_if_match(self, key: str, body: bytes, *, etag: str, content_type: str = "application/json") -> bool:
        """Store only over the version with this ETag; False when it has changed or gone."""
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Absent keys are no error."""
        ...

    def list_objects(self, prefix: str, *, after: str | None = None) -> Iterator[ObjectSummary]:
        """Objects below *prefix* in key order, those behind the key *after* only; read page by page as consumed."""
        ...

    def list_prefixes(self, prefix: str) -> Iterator[str]:
        """The distinct next path segments below *prefix* (which ends in `/`), in order, without slashes."""
        ...

    def signed_url(self, key: str, *, ttl: dt.timedelta, filename: str, is_seen: bool = False) -> str:
        """A GET URL valid for *ttl* that downloads as *filename*. Raises ObjectMissingError.

        *is_seen* when the caller has just seen that the object is there: then it is not looked for.
        """
        ...

    def provision(self) -> bool:
        """Create the bucket unless it exists; whether it had to be made."""
        ...
