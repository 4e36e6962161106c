"""The two watermarks: instants up to which the figures are known to be complete. They never move backwards."""

import dataclasses
import datetime as dt
import logging

from pydantic import TypeAdapter, ValidationError

from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import TypedObject

DATA_THROUGH = f"{STATE}data-through.json"


@dataclasses.dataclass(frozen=True, slots=True)
class _Watermark:
    instant: dt.datetime


_JSON = TypeAdapter(_Watermark)
_log = logging.getLogger(__name__)


class Watermarks:
    """*Settled-through* is published by ingest, *data-through* by aggregation once every touched hour is counted.

    Both are aware, UTC, and None until first published. Publishing an earlier instant than the stored one changes
    nothing; it raises ContentionError when others publish at the same time too often. One that cannot be read is as
    good as lost: it is None until it is published again.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._settled_through = _stored(objects, f"{STATE}settled-through.json")
        self._data_through = _stored(objects, DATA_THROUGH)

    def settled_through(self) -> dt.datetime | None:
        """The instant before which everything that was sent is stored or dead-lettered."""
        return _instant(self._settled_through)

    def publish_settled_through(self, instant: dt.datetime) -> None:
        _raise_to(self._settled_through, instant)

    def data_through(self) -> dt.datetime | None:
        """The instant before which everything that was sent is in the daily usage."""
        return _instant(self._data_through)

    def publish_data_through(self, instant: dt.datetime) -> None:
        _raise_to(self._data_through, instant)


def _stored(objects: ObjectStore, key: str) -> TypedObject[_Watermark | None]:
    def decode(body: bytes) -> _Watermark | None:
        try:
            return _JSON.validate_json(body)
        except ValidationError as error:
            _log.warning("%s cannot be read, and counts as lost: %s", key, error)
            return None

    def encode(watermark: _Watermark | None) -> bytes:
        return b"" if watermark is None else _JSON.dump_json(watermark)

    return TypedObject(objects, key, encode=encode, decode=decode)


def _instant(stored: TypedObject[_Watermark | None]) -> dt.datetime | None:
    watermark = stored.read()
    return None if watermark is None else watermark.instant


def _raise_to(stored: TypedObject[_Watermark | None], instant: dt.datetime) -> None:
    stored.update(lambda current: None if current and current.instant >= instant else _Watermark(instant))
