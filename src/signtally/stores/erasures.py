"""Who was erased, and what was done for it: `erasures/erased-users.json`, and a record of each below `erasures/`.

Nothing here names anybody: a user is an id. While an erasure is under way its record has the addresses that are still
to be looked for, so that it can go on after a crash; the last step takes them out.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping

from pydantic import TypeAdapter

from signtally.domain.erasures import NOBODY, ErasedUsers
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


_USERS = TypeAdapter(ErasedUsers)
_RECORD = TypeAdapter(Erasure)


class Erasures:
    """Erased users, and the records. Every method may raise a ServiceError."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._users = JsonObject(objects, f"{keys.ERASURES}erased-users.json", _USERS)

    def users(self) -> ErasedUsers:
        """Everybody who was erased: one small read."""
        return self._users.read() or NOBODY

    def add(self, tenant_id: str, user_id: str | None) -> None:
        """From now on no program shows or stores this user's names (None: anybody's of the tenant). For good."""
        self._users.update(lambda known: (known or NOBODY).with_user(tenant_id, user_id))

    def record(self, tenant_id: str, user_id: str | None) -> Erasure | None:
        """What was done so far; None when nobody has begun."""
        return self._record(tenant_id, user_id).read()

    def put(self, erasure: Erasure) -> None:
        self._record(erasure.tenant_id, erasure.user_id).write(erasure)

    def _record(self, tenant_id: str, user_id: str | None) -> JsonObject[Erasure]:
        name = _EVERYBODY if user_id is None else f"users/{keys.segment(user_id)}.json"
        return JsonObject(self._objects, f"{keys.ERASURES}{keys.segment(tenant_id)}/{name}", _RECORD)
