"""Digests that a corrected one may have to follow: a small object for each, until that is decided."""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterator

from pydantic import TypeAdapter

from signtally.domain.deliveries import DeliveryKey
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.typed_objects import JsonObject

_REMINDERS = f"{keys.STATE}corrections/"
_KEY_JSON = TypeAdapter(DeliveryKey)


@dataclasses.dataclass(frozen=True, slots=True)
class _Looked:
    until: dt.datetime


_LOOKED_JSON = TypeAdapter(_Looked)


class Corrections:
    """Reminders by occurrence, and up to when restatements were looked at."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._looked = JsonObject(objects, f"{keys.STATE}corrections.json", _LOOKED_JSON)

    def remind(self, key: DeliveryKey) -> None:
        """Remember that a digest may have to be corrected; idempotent."""
        JsonObject(self._objects, _reminder(key), _KEY_JSON).create(key)

    def reminders(self) -> Iterator[DeliveryKey]:
        """The digests that may have to be corrected, in no order."""
        found = (
            JsonObject(self._objects, each.key, _KEY_JSON).read_sound()
            for each in self._objects.list_objects(_REMINDERS)
        )
        return filter(None, found)

    def forget(self, key: DeliveryKey) -> None:
        self._objects.delete([_reminder(key)])

    def looked_until(self) -> dt.datetime | None:
        """Up to when restatements were looked at; None before the first time."""
        looked = self._looked.read()
        return None if looked is None else looked.until

    def note_looked(self, until: dt.datetime) -> None:
        self._looked.write(_Looked(until))


def _reminder(key: DeliveryKey) -> str:
    about = "\0".join(dataclasses.astuple(key))
    return f"{_REMINDERS}{hashlib.sha256(about.encode()).hexdigest()[:32]}.json"
