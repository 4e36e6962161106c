"""In which zone each tenant's days are counted: how aggregation notices that a tenant has moved.

One small object, `state/counted-zones.json`, for all tenants. A tenant is entered before its first day is counted, so
one that is not in it has no daily usage yet. The object says of which generation of rows it speaks: where the table
was deleted and made anew, nobody has daily usage, whatever it says. One that moves is marked as moving before the
first day is counted in the new zone, and as settled after the last: a crash in between leaves the mark. When the
object is lost, every tenant that has events is entered without a zone and thereby due to be recounted: the rows' own
`timezone` would be cheaper to read, but rows of one zone may still lack the events of a day that was not counted
again when their tenant moved.
"""

import dataclasses
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Self

from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores.keys import STATE

_KEY = f"{STATE}counted-zones.json"
_NOWHERE = ""


@dataclasses.dataclass(frozen=True, slots=True)
class CountedZone:
    """*move* names the recount that is under way to *zone*; None: every row is in it."""

    zone: str
    move: str | None = None

    @classmethod
    def unknown(cls) -> Self:
        return cls(_NOWHERE)

    @property
    def is_known(self) -> bool:
        return self.zone != _NOWHERE


Entries = dict[str, CountedZone]


class CountedZones:
    """*generation* is what `UsageStore.usage_generation` says of the rows that there are."""

    def __init__(self, objects: ObjectStore, *, generation: str) -> None:
        self._objects = objects
        self._generation = generation

    def read(self) -> Entries | None:
        """None: it is lost, or the rows are, or there never were any."""
        return self._stored()[0]

    def begin(self, tenant_ids: Iterable[str], *, again: bool = False) -> None:
        """Start anew with these tenants due, unless another run has just done so; with *again* in any case."""
        entries, etag = self._stored()
        if entries is not None and not again:
            return
        body = self._body(dict.fromkeys(tenant_ids, CountedZone.unknown()))
        if etag is None:
            self._objects.put_if_absent(_KEY, body)
        else:
            self._objects.put_if_match(_KEY, body, etag=etag)

    def enter(self, zones: Mapping[str, str]) -> None:
        """Note where tenants that were never counted are going to be; the others stay as they are."""
        newcomers = {tenant_id: CountedZone(zone) for tenant_id, zone in zones.items()}
        self._change(lambda entries: newcomers | entries)

    def depart(self, zones: Mapping[str, str]) -> Entries:
        """Mark tenants as moving there; one that another run is moving to the same zone is moved by both."""
        move = uuid.uuid4().hex

        def departed(entries: Entries) -> Entries:
            return entries | {
                tenant_id: CountedZone(zone, move)
                for tenant_id, zone in zones.items()
                if not _is_under_way(entries.get(tenant_id), zone)
            }

        entries = self._change(departed)
        return {tenant_id: entries[tenant_id] for tenant_id in zones if tenant_id in entries}

    def arrive(self, moves: Mapping[str, CountedZone]) -> None:
        """Mark as settled those whose recount nobody crossed; see `confirm` for the others."""

        def arrived(entries: Entries) -> Entries:
            settled = {
                tenant_id: CountedZone(moving.zone)
                for tenant_id, moving in moves.items()
                if entries.get(tenant_id) == moving
            }
            return entries | settled

        self._change(arrived)

    def confirm(self, zones: Mapping[str, str]) -> bool:
        """Whether these tenants, whose days a run has counted in these zones, were not moved to another meanwhile.

        Those that were are due to be recounted: the run may have written over rows of their new zone.
        """
        entries = self.read()
        if entries is None:
            return False
        if all(tenant_id in entries and entries[tenant_id].zone == zone for tenant_id, zone in zones.items()):
            return True

        def crossed(entries: Entries) -> Entries:
            elsewhere = [each for each, zone in zones.items() if each not in entries or entries[each].zone != zone]
            return entries | dict.fromkeys(elsewhere, CountedZone.unknown())

        self._change(crossed)
        return False

    def _change(self, edit: Callable[[Entries], Entries]) -> Entries:
        """Compare and set until *edit* is done; a lost object stays so, and nobody is in it, until a run begins it."""
        while True:
            entries, etag = self._stored()
            if entries is None or etag is None:
                return {}
            changed = edit(entries)
            if changed == entries or self._objects.put_if_match(_KEY, self._body(changed), etag=etag):
                return changed

    def _stored(self) -> tuple[Entries | None, str | None]:
        """What cannot be read is as good as lost, and is written over under its ETag."""
        try:
            stored = self._objects.get(_KEY)
        except ObjectMissingError:
            return None, None
        try:
            document = json.loads(stored.body)
            is_of_these_rows = document["generation"] == self._generation
            return _entries(document["zones"]) if is_of_these_rows else None, stored.etag
        except (ValueError, TypeError, AttributeError, KeyError):
            return None, stored.etag

    def _body(self, entries: Mapping[str, CountedZone]) -> bytes:
        zones = {
            tenant_id: entry.zone if entry.move is None else [entry.zone, entry.move]
            for tenant_id, entry in sorted(entries.items())
        }
        return json.dumps({"generation": self._generation, "zones": zones}, indent=0).encode()


def _is_under_way(entry: CountedZone | None, zone: str) -> bool:
    return entry is not None and entry.move is not None and entry.zone == zone


def _entries(document: Mapping[str, str | list[str]]) -> Entries:
    """`"zone"` for a tenant that is settled, `["zone", "move"]` for one that is moving."""
    return {
        tenant_id: CountedZone(entry) if isinstance(entry, str) else CountedZone(*entry)
        for tenant_id, entry in document.items()
    }
