"""Tenants whose scheduled sends wait, because their figures and their events contradict each other.

One object a tenant, `state/holds/{tenant}.json`; it is gone once the figures are mended.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter

from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores.keys import STATE, segment

_PREFIX = f"{STATE}holds/"


@dataclasses.dataclass(frozen=True, slots=True)
class Hold:
    """*first* to *last* are the days that differ, *sample* some of the differences in words."""

    tenant_id: str
    since: dt.datetime  # aware, UTC: when the first of them was found
    first: dt.date
    last: dt.date
    differences: int
    sample: tuple[str, ...]

    def is_within(self, first: dt.date, last: dt.date) -> bool:
        return first <= self.first and self.last <= last


_HOLD = TypeAdapter(Hold)


class Holds:
    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def put(self, hold: Hold) -> None:
        """Over an earlier hold of the tenant, which keeps its instant and its days too."""
        earlier = self.get(hold.tenant_id)
        if earlier is not None:
            first, last = min(earlier.first, hold.first), max(earlier.last, hold.last)
            hold = dataclasses.replace(hold, since=earlier.since, first=first, last=last)
        self._objects.put(_key(hold.tenant_id), _HOLD.dump_json(hold))

    def get(self, tenant_id: str) -> Hold | None:
        return self._read(_key(tenant_id))

    def all(self) -> Iterator[Hold]:
        return filter(None, (self._read(found.key) for found in self._objects.list_objects(_PREFIX)))

    def lift(self, tenant_ids: Iterable[str]) -> None:
        self._objects.delete(map(_key, tenant_ids))

    def held(self, tenant_ids: Iterable[str]) -> set[str]:
        """Those of these tenants that are held: one listing, however many they are."""
        keys = {found.key for found in self._objects.list_objects(_PREFIX)}
        return {tenant_id for tenant_id in tenant_ids if _key(tenant_id) in keys} if keys else set()

    def _read(self, key: str) -> Hold | None:
        try:
            return _HOLD.validate_json(self._objects.get(key).body)
        except ObjectMissingError:
            return None


def _key(tenant_id: str) -> str:
    return f"{_PREFIX}{segment(tenant_id)}.json"
