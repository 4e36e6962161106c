"""When the zones of all profiles were last compared with those in which days are counted."""

import datetime as dt
import json

from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores.keys import STATE

_KEY = f"{STATE}zones-compared.json"
_EVERY = dt.timedelta(minutes=5)


class ZoneChecks:
    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def is_due(self, *, now: dt.datetime) -> bool:
        """Whether that is long ago. Every profile has to be listed for it, a thousand a request."""
        try:
            last = dt.datetime.fromisoformat(json.loads(self._objects.get(_KEY).body)["at"])
        except ObjectMissingError:
            return True
        return not last <= now < last + _EVERY

    def done(self, *, at: dt.datetime) -> None:
        """All tenants that had moved by then are counted where they live."""
        self._objects.put(_KEY, json.dumps({"at": at.isoformat()}).encode())
