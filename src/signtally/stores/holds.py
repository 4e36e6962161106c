"""Tenants whose scheduled sends wait, because their figures and their events contradict each other.

One object a tenant, `state/holds/{tenant}.json`; it is gone once the figures are mended. One that cannot be read still
holds its tenant: its key says whose it is, and every day counts as differing.
"""

import dataclasses
import datetime as dt
import functools
import logging
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from pydantic import TypeAdapter, ValidationError

from signtally.domain.time_units import UNIX_EPOCH
from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE, segment, text_of
from signtally.stores.typed_objects import TypedObject

_PREFIX = f"{STATE}holds/"
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Hold:
    """Why a tenant's sends wait: the days *first* to *last* that differ, and a *sample* of the differences in words."""

    tenant_id: str
    since: dt.datetime  # aware, UTC: when the first of them was found
    first: dt.date
    last: dt.date
    differences: int
    sample: tuple[str, ...]

    @property
    def is_of_every_day(self) -> bool:
        """Which days differ is not known any more."""
        return (self.first, self.last) == (dt.date.min, dt.date.max)

    def is_within(self, first: dt.date, last: dt.date) -> bool:
        return first <= self.first and self.last <= last


_HOLD = TypeAdapter(Hold)


class Holds:
    """The holds by tenant. Every method may raise a ServiceError, as in all stores."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def put(self, hold: Hold) -> None:
        """Hold a tenant; where it is held already, it stays so since then, and for the days of both."""

        def widened(earlier: Hold | None) -> Hold:
            if earlier is None:
                return hold
            first, last = min(earlier.first, hold.first), max(earlier.last, hold.last)
            return dataclasses.replace(hold, since=earlier.since, first=first, last=last)

        self._object(_key(hold.tenant_id)).update(widened)

    def get(self, tenant_id: str) -> Hold | None:
        """The tenant's hold; None when it has none."""
        return self._object(_key(tenant_id)).read()

    def all(self) -> Iterator[Hold]:
        """Every hold, in no order."""
        return filter(None, (self._object(found.key).read() for found in self._objects.list_objects(_PREFIX)))

    def lift(self, tenant_ids: Iterable[str]) -> None:
        """Let scheduled sends go on; tenants without a hold are no error."""
        self._objects.delete(map(_key, tenant_ids))

    def held(self, tenant_ids: Iterable[str]) -> set[str]:
        """The tenants among these that have a hold: one listing, however many they are."""
        keys = {found.key for found in self._objects.list_objects(_PREFIX)}
        return {tenant_id for tenant_id in tenant_ids if _key(tenant_id) in keys} if keys else set()

    def _object(self, key: str) -> TypedObject[Hold]:
        return TypedObject(self._objects, key, encode=_HOLD.dump_json, decode=functools.partial(_hold, key=key))


def _hold(body: bytes, *, key: str) -> Hold:
    """A hold; for every day, since nobody knows when, where it cannot be read: who is held is never let go by that."""
    try:
        return _HOLD.validate_json(body)
    except ValidationError as error:
        _log.error("%s cannot be read, and counts as a hold for every day: %s", key, error)
        tenant_id = text_of(PurePosixPath(key).name.removesuffix(".json"))
        return Hold(tenant_id, UNIX_EPOCH, dt.date.min, dt.date.max, 0, ("what differs cannot be read any more",))


def _key(tenant_id: str) -> str:
    return f"{_PREFIX}{segment(tenant_id)}.json"
