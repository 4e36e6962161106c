"""How far rebuilds have come, so that one that was broken off goes on where it stopped."""

import dataclasses
import datetime as dt
import hashlib
import json

from pydantic import TypeAdapter

from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import JsonObject

_PREFIX = f"{STATE}rebuilds/"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RebuildState:
    """Days from *first* to *last*, counted from the newest on; those before *next_day* are still to be counted."""

    tenant_id: str | None
    first: dt.date
    last: dt.date
    begun_at: dt.datetime  # aware, UTC
    next_day: dt.date  # inclusive; before *first*, all is done
    tenant_days: int = 0
    rows: int = 0
    restated: int = 0


_STATE = TypeAdapter(RebuildState)


class RebuildLedger:
    """The state of one rebuild, known by what it was asked for: *arguments* as they were given."""

    def __init__(self, objects: ObjectStore, *, arguments: tuple[str | None, ...]) -> None:
        digest = hashlib.sha256(json.dumps(arguments).encode()).hexdigest()[:32]
        self._object = JsonObject(objects, f"{_PREFIX}{digest}.json", _STATE)

    def read(self) -> RebuildState | None:
        """The state so far; None when it was never begun, or is finished."""
        return self._object.read()

    def put(self, state: RebuildState) -> None:
        self._object.write(state)

    def forget(self) -> None:
        self._object.delete()
