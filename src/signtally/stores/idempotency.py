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
    """The first request under a key: a *fingerprint* of what was asked, and what came of it.

    *outcome* is None while it is being answered, or its process has died.
    """

    fingerprint: str
    outcome: str | None
    at: dt.datetime  # aware, UTC

    def is_under_way(self, now: dt.datetime) -> bool:
        return self.outcome is None and now - self.at < _LEASE


_LEASE = dt.timedelta(minutes=2)  # longer than any answer takes
_JSON = TypeAdapter(KeyedRequest)


class IdempotencyKeys:
    """Requests by tenant and key."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def find(self, tenant_id: str, key: str) -> KeyedRequest | None:
        """The first request under this key; None when there was none, or it cannot be read."""
        return self._object(tenant_id, key).read_sound()

    def begin(self, tenant_id: str, key: str, request: KeyedRequest) -> bool:
        """Note that *request*, without an outcome yet, is being answered; False when another one was first."""
        stored = self._object(tenant_id, key)
        if stored.create(request):
            return True
        known = stored.read_version()
        if known is None or known.value.outcome is not None or known.value.is_under_way(request.at):
            return False
        return stored.replace(request, etag=known.etag)

    def release(self, tenant_id: str, key: str) -> None:
        """What was begun has failed: the next request under the key is the first."""
        self._object(tenant_id, key).delete()

    def keep(self, tenant_id: str, key: str, request: KeyedRequest, *, instead_of: str | None = None) -> KeyedRequest:
        """Keep *request* with its outcome unless another's is kept; return the one that is. Raises ContentionError.

        *instead_of* is an outcome that came to nothing: it may be overwritten.
        """

        def kept(known: KeyedRequest | None) -> KeyedRequest:
            return request if known is None or known.outcome in {None, instead_of} else known

        stored = self._object(tenant_id, key)
        return request if stored.create(request) else stored.update(kept)

    def rewrite(self, tenant_id: str, change: Callable[[str], str], *, dry_run: bool = False) -> int:
        """Put what *change* makes of each request's outcome in its place, where that differs; how many.

        For what has to be forgotten: the requests stay known, and are never changed otherwise.
        """
        rewritten = 0
        for summary in self._objects.list_objects(_folder(tenant_id)):
            stored = JsonObject(self._objects, summary.key, _JSON)
            kept = stored.read_sound()
            if kept is None or kept.outcome is None or (told := change(kept.outcome)) == kept.outcome:
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
