"""One object of the bucket as a value: `JsonObject` holds a value of one type, `ParquetObject` rows of one schema.

Whoever changes a shared object goes through `update`: read, change, write if nobody else wrote meanwhile
(compare-and-set), else wait a random moment and start again with what the other one wrote.
"""

import dataclasses
import io
import logging
import time
from collections.abc import Callable
from typing import Generic, TypeVar, overload

import polars as pl
from pydantic import TypeAdapter

from signtally.backoff import backoff_seconds
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.objects import ObjectMissingError, ObjectStore

Value = TypeVar("Value")
_log = logging.getLogger(__name__)
_JSON, _PARQUET = "application/json", "application/vnd.apache.parquet"


class ContentionError(ServiceUnavailableError):
    """Others changed an object during each attempt to update it: nothing was stored, a later call may succeed."""


@dataclasses.dataclass(frozen=True, slots=True)
class CompareAndSetLimits:
    """How often an update is attempted, and the back-off between two attempts."""

    attempts: int = 20
    initial_backoff_seconds: float = 0.01
    max_backoff_seconds: float = 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class Versioned(Generic[Value]):
    """A value with the ETag of the version that it was read from."""

    value: Value
    etag: str


class TypedObject(Generic[Value]):
    """The object under one key. Every method may raise a ServiceError; readers also raise what *decode* raises."""

    def __init__(  # noqa: PLR0913 -- an object and its codec
        self,
        objects: ObjectStore,
        key: str,
        *,
        encode: Callable[[Value], bytes],
        decode: Callable[[bytes], Value],
        content_type: str = _JSON,
        limits: CompareAndSetLimits = CompareAndSetLimits(),
    ) -> None:
        self._objects = objects
        self._key = key
        self._encode = encode
        self._decode = decode
        self._content_type = content_type
        self._limits = limits

    @property
    def key(self) -> str:
        return self._key

    def read(self) -> Value | None:
        """The stored value; None when there is no object."""
        stored = self.read_version()
        return None if stored is None else stored.value

    def read_version(self) -> Versioned[Value] | None:
        """The stored value and its ETag; None when there is no object."""
        try:
            stored = self._objects.get(self._key)
        except ObjectMissingError:
            return None
        return Versioned(self._decode(stored.body), stored.etag)

    def read_sound(self) -> Value | None:
        """As `read`, and None for what cannot be read, which the log names: for readers who can do without."""
        try:
            return self.read()
        except (ValueError, pl.exceptions.PolarsError) as error:
            _log.error("%s cannot be read, and counts as lost: %s", self.key, error)
            return None

    def write(self, value: Value) -> str:
        """Store *value*, whatever was there; return the new ETag."""
        return self._objects.put(self._key, self._encode(value), content_type=self._content_type)

    def create(self, value: Value) -> bool:
        """Store *value* if there is no object yet; False when somebody else was first."""
        return self._objects.put_if_absent(self._key, self._encode(value), content_type=self._content_type)

    def replace(self, value: Value, *, etag: str) -> bool:
        """Store *value* over the version with this ETag; False when the object has changed or is gone."""
        return self._objects.put_if_match(self._key, self._encode(value), etag=etag, content_type=self._content_type)

    def delete(self) -> None:
        """Delete the object; no error when there is none."""
        self._objects.delete([self._key])

    @overload
    def update(self, change: Callable[[Value | None], Value], *, known: Versioned[Value] | None = None) -> Value: ...

    @overload
    def update(
        self, change: Callable[[Value | None], Value | None], *, known: Versioned[Value] | None = None
    ) -> Value | None: ...

    def update(
        self, change: Callable[[Value | None], Value | None], *, known: Versioned[Value] | None = None
    ) -> Value | None:
        """Store what *change* makes of the stored value (None: there is no object), and return it.

        *change* is called again after each attempt that somebody else's write beat; returning None or an unchanged
        value stores nothing. It should give the same result when it is applied to its own result: a write whose
        answer got lost is seen as somebody else's. *known* is a version that was read before; it saves the first read.
        Raises ContentionError after all attempts of the limits, and whatever *change* raises.
        """
        current = known or self.read_version()
        limits = self._limits
        for attempt in range(limits.attempts):
            changed = change(None if current is None else current.value)
            if changed is None or (current is not None and self._encode(changed) == self._encode(current.value)):
                return changed
            if self.create(changed) if current is None else self.replace(changed, etag=current.etag):
                return changed
            time.sleep(
                backoff_seconds(
                    attempt, initial_seconds=limits.initial_backoff_seconds, max_seconds=limits.max_backoff_seconds
                )
            )
            current = self.read_version()
        raise ContentionError(f"{self._key} changed during {limits.attempts} attempts to update it; try again")


class JsonObject(TypedObject[Value]):
    """A value as JSON. Readers raise pydantic's ValidationError, a ValueError, for what is not such a value."""

    def __init__(self, objects: ObjectStore, key: str, adapter: TypeAdapter[Value]) -> None:
        super().__init__(objects, key, encode=adapter.dump_json, decode=adapter.validate_json)


class ParquetObject(TypedObject[pl.DataFrame]):
    """Rows as a Parquet file; *schema* is checked when they are written."""

    def __init__(self, objects: ObjectStore, key: str, schema: pl.Schema) -> None:
        super().__init__(
            objects,
            key,
            encode=lambda rows: _parquet_file(rows.match_to_schema(schema)),
            decode=lambda body: pl.read_parquet(io.BytesIO(body)),
            content_type=_PARQUET,
        )


def _parquet_file(rows: pl.DataFrame) -> bytes:
    body = io.BytesIO()
    rows.write_parquet(body, compression="zstd")
    return body.getvalue()
