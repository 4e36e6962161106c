"""The two watermarks: instants up to which the figures are known to be complete. They never move backwards."""

import dataclasses
import datetime as dt

from pydantic import TypeAdapter

from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import JsonObject

DATA_THROUGH = f"{STATE}data-through.json"


@dataclasses.dataclass(frozen=True, slots=True)
class _Watermark:
    instant: dt.datetime


_JSON = TypeAdapter(_Watermark)


class Watermarks:
    """*Settled-through* is published by ingest, *data-through* by aggregation once every touched hour is counted.

    Both are aware, UTC, and None until first published. Publishing an earlier instant than the stored one changes
    nothing; it raises ContentionError when others publish at the same time too often.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._settled_through = JsonObject(objects, f"{STATE}settled-through.json", _JSON)
        self._data_through = JsonObject(objects, DATA_THROUGH, _JSON)

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


def _instant(stored: JsonObject[_Watermark]) -> dt.datetime | None:
    watermark = stored.read()
    return None if watermark is None else watermark.instant


def _raise_to(stored: JsonObject[_Watermark], instant: dt.datetime) -> None:
    stored.update(lambda current: None if current and current.instant >= instant else _Watermark(instant))
