"""How far the figures are known to be complete: two instants that never move backwards."""

import datetime as dt
import json

from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores.keys import STATE


class Freshness:
    """*Settled* instants are published by ingest, *aggregated* ones by aggregation once all noted days are counted."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def settled_through(self) -> dt.datetime | None:
        """Everything sent before this instant is stored or dead-lettered; None: nothing is known."""
        return self._read("settled-through")[0]

    def publish_settled(self, instant: dt.datetime) -> None:
        self._raise_to("settled-through", instant)

    def data_through(self) -> dt.datetime | None:
        """Everything sent before this instant is in the daily usage; None: nothing is known."""
        return self._read("data-through")[0]

    def publish_data_through(self, instant: dt.datetime) -> None:
        self._raise_to("data-through", instant)

    def _read(self, name: str) -> tuple[dt.datetime | None, str | None]:
        try:
            stored = self._objects.get(f"{STATE}{name}.json")
        except ObjectMissingError:
            return None, None
        return dt.datetime.fromisoformat(json.loads(stored.body)["instant"]), stored.etag

    def _raise_to(self, name: str, instant: dt.datetime) -> None:
        """Compare and set until the stored instant is at least *instant*."""
        body = json.dumps({"instant": instant.isoformat()}).encode()
        while True:
            current, etag = self._read(name)
            if current is not None and current >= instant:
                return
            key = f"{STATE}{name}.json"
            if (
                self._objects.put_if_absent(key, body)
                if etag is None
                else self._objects.put_if_match(key, body, etag=etag)
            ):
                return
