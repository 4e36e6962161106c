"""The zone in which each tenant's days are counted: how aggregation notices that a tenant has moved.

One small object, `state/counted-zones.json`, for all tenants. A tenant is entered before its first day is counted, so
one that is not in it has no daily usage yet. The object says of which generation of rows it speaks: where the table
was deleted and made anew, nobody has daily usage, whatever it says. One that moves is marked as moving before the
first day is counted in the new zone, and no longer after the last: a crash in between leaves the mark. When the
object is lost, every tenant that has events is entered without a zone and thereby due to be recounted: the rows' own
`timezone` would be cheaper to read, but rows of one zone may still lack the events of a day that was not counted
again when their tenant moved.
"""

import dataclasses
import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Self

from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import TypedObject

_KEY = f"{STATE}counted-zones.json"
_NOWHERE = ""


@dataclasses.dataclass(frozen=True, slots=True)
class CountedZone:
    """A tenant's zone. *move* names the recount to it that is under way; None: every row is in it."""

    zone: str
    move: str | None = None

    @classmethod
    def unknown(cls) -> Self:
        return cls(_NOWHERE)

    @property
    def is_known(self) -> bool:
        return self.zone != _NOWHERE

    @property
    def moving_since(self) -> dt.datetime | None:
        """When the recount began; None when none is under way, or an older program's, which did not say."""
        began_at, _, rest = (self.move or "").partition(" ")
        return dt.datetime.fromisoformat(began_at) if rest else None


Entries = dict[str, CountedZone]


class CountedZones:
    """The zones in which days are counted, for one generation of rows (`UsageStore.usage_generation`).

    Changes go through compare-and-set and raise ContentionError when others change the object too often.
    """

    def __init__(self, objects: ObjectStore, *, generation: str) -> None:
        self._generation = generation
        self._object: TypedObject[Entries | None] = TypedObject(
            objects, _KEY, encode=self._encoded, decode=self._decoded
        )

    def read(self) -> Entries | None:
        """The entries by tenant; None when the object is lost, when the rows are, or when there never were any."""
        return self._object.read()

    def begin(self, tenant_ids: Iterable[str], *, again: bool = False) -> None:
        """Start anew with these tenants due, unless another run has just done so; with *again* in any case."""
        stored = self._object.read_version()
        if stored is not None and stored.value is not None and not again:
            return
        entries = dict.fromkeys(tenant_ids, CountedZone.unknown())
        if stored is None:
            self._object.create(entries)
        else:
            self._object.replace(entries, etag=stored.etag)

    def enter(self, zones: Mapping[str, str]) -> None:
        """Enter tenants that were never counted, with the zones in which they will be; others stay as they are."""
        newcomers = {tenant_id: CountedZone(zone) for tenant_id, zone in zones.items()}
        self._change(lambda entries: newcomers | entries)

    def begin_move(self, zones: Mapping[str, str], *, now: dt.datetime) -> Entries:
        """Mark tenants as moving to these zones since *now* and return their entries, to be given to `finish_move`.

        One that another run is moving to the same zone is moved by both, under the mark of the first.
        """
        move = f"{now.isoformat()} {uuid.uuid4().hex}"

        def marked(entries: Entries) -> Entries:
            return entries | {
                tenant_id: CountedZone(zone, move)
                for tenant_id, zone in zones.items()
                if not _is_under_way(entries.get(tenant_id), zone)
            }

        entries = self._change(marked)
        return {tenant_id: entries[tenant_id] for tenant_id in zones if tenant_id in entries}

    def finish_move(self, moves: Mapping[str, CountedZone]) -> None:
        """Take the marks of `begin_move` away, but for tenants that another run has begun to move elsewhere since.

        `verify` makes those due again.
        """

        def unmarked(entries: Entries) -> Entries:
            finished = {
                tenant_id: CountedZone(moving.zone)
                for tenant_id, moving in moves.items()
                if entries.get(tenant_id) == moving
            }
            return entries | finished

        self._change(unmarked)

    def verify(self, zones: Mapping[str, str]) -> bool:
        """Whether these tenants, whose days a run has counted in these zones, were not moved to another meanwhile.

        Those that were are due to be recounted: the run may have written over rows of their new zone.
        """
        entries = self.read()
        if entries is None:
            return False
        if all(tenant_id in entries and entries[tenant_id].zone == zone for tenant_id, zone in zones.items()):
            return True

        def due(entries: Entries) -> Entries:
            elsewhere = [each for each, zone in zones.items() if each not in entries or entries[each].zone != zone]
            return entries | dict.fromkeys(elsewhere, CountedZone.unknown())

        self._change(due)
        return False

    def _change(self, edit: Callable[[Entries], Entries]) -> Entries:
        """Store what *edit* makes of the entries; a lost object stays lost, and nobody in it, until `begin`."""
        return self._object.update(lambda entries: None if entries is None else edit(entries)) or {}

    def _decoded(self, body: bytes) -> Entries | None:
        """None for what cannot be read or is of other rows: it is as good as lost, and written over under its ETag."""
        try:
            document = json.loads(body)
            return _entries(document["zones"]) if document["generation"] == self._generation else None
        except (ValueError, TypeError, AttributeError, KeyError):
            return None

    def _encoded(self, entries: Entries | None) -> bytes:
        zones = {
            tenant_id: entry.zone if entry.move is None else [entry.zone, entry.move]
            for tenant_id, entry in sorted((entries or {}).items())
        }
        return json.dumps({"generation": self._generation, "zones": zones}, indent=0).encode()


def _is_under_way(entry: CountedZone | None, zone: str) -> bool:
    return entry is not None and entry.move is not None and entry.zone == zone


def _entries(document: Mapping[str, str | list[str]]) -> Entries:
    """`"zone"` for a tenant all of whose rows are in it, `["zone", "move"]` for one that is moving."""
    return {
        tenant_id: CountedZone(entry) if isinstance(entry, str) else CountedZone(*entry)
        for tenant_id, entry in document.items()
    }
