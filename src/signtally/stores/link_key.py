"""The secret that signs links in emails: made once, kept in the bucket, so that API and workers share it."""

import dataclasses
import secrets

from pydantic import TypeAdapter

from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import JsonObject

_BYTES = 32


@dataclasses.dataclass(frozen=True, slots=True)
class _Secret:
    key: str  # hexadecimal


_JSON = TypeAdapter(_Secret)


class LinkKey:
    """Read once a process; the first to ask makes it."""

    def __init__(self, objects: ObjectStore) -> None:
        self._object = JsonObject(objects, f"{STATE}link-key.json", _JSON)
        self._known: bytes | None = None

    def get(self) -> bytes:
        """The secret. Raises a ServiceError."""
        if self._known is None:
            stored = self._object.read()
            if stored is None:
                made = _Secret(secrets.token_hex(_BYTES))
                stored = made if self._object.create(made) else self._object.read() or made
            self._known = bytes.fromhex(stored.key)
        return self._known
