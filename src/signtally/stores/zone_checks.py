"""When the zones of all profiles were last compared with those in which days are counted."""

import dataclasses
import datetime as dt

from pydantic import TypeAdapter

from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import JsonObject

_EVERY = dt.timedelta(minutes=5)


@dataclasses.dataclass(frozen=True, slots=True)
class _Comparison:
    at: dt.datetime


_JSON = TypeAdapter(_Comparison)


class ZoneChecks:
    """When the last comparison of everybody's zone was, and whether the next is due."""

    def __init__(self, objects: ObjectStore) -> None:
        self._object = JsonObject(objects, f"{STATE}zones-compared.json", _JSON)

    def is_due(self, *, now: dt.datetime) -> bool:
        """Whether the last comparison is five minutes old. A comparison lists every profile, 1,000 a request."""
        last = self._object.read()
        return last is None or not last.at <= now < last.at + _EVERY

    def done(self, *, at: dt.datetime) -> None:
        """Note that all tenants that had moved by then are counted in their new zones."""
        self._object.write(_Comparison(at))
