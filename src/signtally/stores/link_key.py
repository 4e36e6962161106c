"""The secret that signs links in emails: made once, kept in the bucket, so that API and workers share it.

It can be replaced: links that were signed with an earlier one stay good until that is forgotten.
"""

import dataclasses
import hashlib
import secrets

from pydantic import TypeAdapter

from signtally.ports.objects import ObjectStore
from signtally.recent import Recent
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import JsonObject

_BYTES = 32
_REREAD_SECONDS = 5.0  # until every program signs with the newest; no email is read sooner


@dataclasses.dataclass(frozen=True, slots=True)
class _Secrets:
    key: str  # hexadecimal, as the others
    earlier: tuple[str, ...] = ()  # newest first


_JSON = TypeAdapter(_Secrets)


class LinkKey:
    """Read once in a while; the first to ask makes it. Every method may raise a ServiceError."""

    def __init__(self, objects: ObjectStore) -> None:
        self._object = JsonObject(objects, f"{STATE}link-key.json", _JSON)
        self._known = Recent(self._read, seconds=_REREAD_SECONDS)

    def get(self) -> bytes:
        """The secret that signs."""
        return self.accepted()[0]

    def accepted(self) -> list[bytes]:
        """The secrets by which a link may be signed, the one that signs first."""
        known = self._known.get()
        return [bytes.fromhex(each) for each in (known.key, *known.earlier)]

    def rotate(self, *, forget_earlier: bool = False) -> None:
        """Sign with a new secret from now on; links of earlier ones stay good, or with *forget_earlier* no longer."""
        new = secrets.token_hex(_BYTES)

        def rotated(stored: _Secrets | None) -> _Secrets:
            if stored is None or forget_earlier or stored.key == new:
                return _Secrets(new, stored.earlier if stored is not None and stored.key == new else ())
            return _Secrets(new, (stored.key, *stored.earlier))

        self._object.update(rotated)
        self._known.forget()

    def names(self) -> list[str]:
        """A name for each accepted secret, which tells nothing of it."""
        return [hashlib.sha256(each).hexdigest()[:8] for each in self.accepted()]

    def _read(self) -> _Secrets:
        stored = self._object.read()
        if stored is None:
            made = _Secrets(secrets.token_hex(_BYTES))
            stored = made if self._object.create(made) else self._object.read() or made
        return stored
