"""Who was erased, and what was done for it: `erasures/erased-users.json`, and a record of each below `erasures/`.

`erasures/due.json` says which of them are to be taken up again, and when.

Nothing here names anybody: a user is an id. While an erasure is under way its record has the addresses that are still
to be looked for, so that it can go on after a crash; the last step takes them out.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from pydantic import TypeAdapter

from signtally.domain.erasures import NOBODY, ErasedUsers
from signtally.domain.time_units import ONE_DAY
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.typed_objects import JsonObject

_EVERYBODY = "everybody.json"  # no user's: those are in a folder of their own


@dataclasses.dataclass(frozen=True, slots=True)
class Erasure:
    """What was changed by kind of thing, over all runs; *finished_at* is None while a run has still to finish it."""

    tenant_id: str
    user_id: str | None  # None: a whole tenant was offboarded
    begun_at: dt.datetime  # aware, UTC
    finished_at: dt.datetime | None = None
    changed: Mapping[str, int] = dataclasses.field(default_factory=dict)
    addresses: tuple[str, ...] = ()  # under way only
    looks_again_at: dt.datetime | None = None  # for what the usage store did not show yet; None: it did, or not begun

    def next_look(self, now: dt.datetime) -> dt.datetime | None:
        """When to look again once this is finished *now*: a day after the first time; None if that was done."""
        if self.finished_at is None:
            return self.looks_again_at or now + ONE_DAY
        waits = self.looks_again_at is not None and self.looks_again_at > now
        return self.looks_again_at if waits else None


@dataclasses.dataclass(frozen=True, slots=True)
class DueErasure:
    """One to be taken up again at *at* (aware, UTC)."""

    tenant_id: str
    user_id: str | None
    at: dt.datetime


_USERS = TypeAdapter(ErasedUsers)
_RECORD = TypeAdapter(Erasure)
_DUE = TypeAdapter(tuple[DueErasure, ...])


class Erasures:
    """Erased users, and the records. Every method may raise a ServiceError."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._users = JsonObject(objects, f"{keys.ERASURES}erased-users.json", _USERS)
        self._due = JsonObject(objects, f"{keys.ERASURES}due.json", _DUE)

    def users(self) -> ErasedUsers:
        """Everybody who was erased: one small read."""
        return self._users.read() or NOBODY

    def add(self, tenant_id: str, user_id: str | None) -> None:
        """From now on no program shows or stores this user's names (None: anybody's of the tenant). For good."""
        self._users.update(lambda known: (known or NOBODY).with_user(tenant_id, user_id))

    def record(self, tenant_id: str, user_id: str | None) -> Erasure | None:
        """What was done so far; None when nobody has begun."""
        return self._record(tenant_id, user_id).read()

    def records(self) -> Iterator[Erasure]:
        """All of them, by tenant: an object each."""
        for summary in self._objects.list_objects(keys.ERASURES):
            if summary.key.count("/") > 1:  # else it is about all of them
                record = JsonObject(self._objects, summary.key, _RECORD).read()
                if record is not None:
                    yield record

    def put(self, erasure: Erasure) -> None:
        self._record(erasure.tenant_id, erasure.user_id).write(erasure)

    def due(self, now: dt.datetime) -> Sequence[DueErasure]:
        """Those to be taken up again by *now*, the oldest first."""
        return sorted((each for each in self._due.read() or () if each.at <= now), key=lambda each: each.at)

    def plan(self, tenant_id: str, user_id: str | None, *, at: dt.datetime | None) -> None:
        """Have it taken up again at *at*, and at no other time; None: no more."""

        def planned(known: tuple[DueErasure, ...] | None) -> tuple[DueErasure, ...]:
            others = [each for each in known or () if (each.tenant_id, each.user_id) != (tenant_id, user_id)]
            return (*others, *(() if at is None else (DueErasure(tenant_id, user_id, at),)))

        self._due.update(planned)

    def _record(self, tenant_id: str, user_id: str | None) -> JsonObject[Erasure]:
        name = _EVERYBODY if user_id is None else f"users/{keys.segment(user_id)}.json"
        return JsonObject(self._objects, f"{keys.ERASURES}{keys.segment(tenant_id)}/{name}", _RECORD)
