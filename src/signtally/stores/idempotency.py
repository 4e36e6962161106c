"""What was asked under an idempotency key: `idempotency/{tenant}/{digest of the key}.json`, created once."""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable

from pydantic import TypeAdapter

from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.typed_objects import JsonObject


@dataclasses.dataclass(frozen=True, slots=True)
class KeyedRequest:
    """The first request under a key: a *fingerprint* of what was asked, and what came of it."""

    fingerprint: str
    outcome: str
    at: dt.datetime  # aware, UTC


_JSON = TypeAdapter(KeyedRequest)


class IdempotencyKeys:
    """Requests by tenant and key."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def find(self, tenant_id: str, key: str) -> KeyedRequest | None:
        """The first request under this key; None when there was none, or it cannot be read."""
        return self._object(tenant_id, key).read_sound()

    def keep(self, tenant_id: str, key: str, request: KeyedRequest) -> KeyedRequest:
        """Keep *request* unless another was first; return the one that is kept."""
        stored = self._object(tenant_id, key)
        if stored.create(request):
            return request
        return stored.read_sound() or request

    def rewrite(self, tenant_id: str, change: Callable[[str], str], *, dry_run: bool = False) -> int:
        """Put what *change* makes of each request's outcome in its place, where that differs; how many.

        For what has to be forgotten: the requests stay known, and are never changed otherwise.
        """
        rewritten = 0
        for summary in self._objects.list_objects(_folder(tenant_id)):
            stored = JsonObject(self._objects, summary.key, _JSON)
            kept = stored.read_sound()
            if kept is None or (told := change(kept.outcome)) == kept.outcome:
                continue
            rewritten += 1
            if not dry_run:
                stored.write(dataclasses.replace(kept, outcome=told))
        return rewritten

    def _object(self, tenant_id: str, key: str) -> JsonObject[KeyedRequest]:
        digest = hashlib.sha256(key.encode()).hexdigest()
        return JsonObject(self._objects, f"{_folder(tenant_id)}{digest}.json", _JSON)


def _folder(tenant_id: str) -> str:
    return f"{keys.IDEMPOTENCY}{keys.segment(tenant_id)}/"
