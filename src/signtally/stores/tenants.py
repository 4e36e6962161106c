"""Tenants' profiles, one JSON object each, and a catalogue that saves reading 43,000 of them."""

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from signtally.domain.tenants import TenantProfile
from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores import keys

_CATALOGUE = f"{keys.STATE}tenants.json"
_EDIT_ATTEMPTS = 20
_FEW = 64
_READERS = 16  # profiles are small; the first catalogue of many tenants takes one read for each


class EditConflictError(Exception):
    """Others kept changing the profile: nothing was stored, and the same edit may succeed later."""


class Tenants:
    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def get(self, tenant_id: str) -> TenantProfile:
        """The stored profile; an unknown tenant gets the defaults (UTC, `en`, no schedule)."""
        return self._versioned(tenant_id)[0]

    def put(self, profile: TenantProfile) -> None:
        self._objects.put(keys.tenant_profile(profile.tenant_id), _document(profile))

    def edit(self, tenant_id: str, change: Callable[[TenantProfile], TenantProfile]) -> TenantProfile:
        """Store what *change* makes of the profile, again and again until nobody else's edit came in between.

        Raises EditConflictError, and whatever *change* raises.
        """
        key = keys.tenant_profile(tenant_id)
        for _ in range(_EDIT_ATTEMPTS):
            current, etag = self._versioned(tenant_id)
            changed = change(current)
            body = _document(changed)
            if self._objects.claim(key, body) if etag is None else self._objects.replace(key, body, etag=etag):
                return changed
        raise EditConflictError(f"the profile of {tenant_id} changed {_EDIT_ATTEMPTS} times while it was edited")

    def all(self) -> Mapping[str, TenantProfile]:
        """Every stored profile by tenant id."""
        profiles = (TenantProfile.model_validate(document) for document in self._documents().values())
        return {profile.tenant_id: profile for profile in profiles}

    def of(self, tenant_ids: Iterable[str]) -> dict[str, TenantProfile]:
        """The profiles of these tenants, defaults for the unknown ones."""
        wanted = list(dict.fromkeys(tenant_ids))
        if len(wanted) <= _FEW:  # cheaper than to list all
            with ThreadPoolExecutor(_READERS) as readers:
                return dict(zip(wanted, readers.map(self.get, wanted), strict=True))
        documents = self._documents()
        return {
            tenant_id: TenantProfile.model_validate(
                documents.get(keys.tenant_profile(tenant_id), {"tenant_id": tenant_id})
            )
            for tenant_id in wanted
        }

    def _documents(self) -> dict[str, object]:
        """Stored profiles by key: a listing, the catalogue, and one read for each that changed since."""
        known = self._catalogue()
        current = {summary.key: summary.etag for summary in self._objects.summaries(keys.TENANTS)}
        changed = [key for key, etag in current.items() if key not in known or known[key][0] != etag]
        with ThreadPoolExecutor(_READERS) as readers:
            read = dict(zip(changed, readers.map(self._read, changed), strict=True))
        entries = {key: (etag, read[key] if key in read else known[key][1]) for key, etag in current.items()}
        # Deleted since the listing: not to be remembered, for it may come back with the same ETag.
        entries = {key: (etag, document) for key, (etag, document) in entries.items() if document is not None}
        if entries != known:
            self._objects.put(_CATALOGUE, json.dumps(entries).encode())
        return {key: document for key, (_, document) in entries.items()}

    def _versioned(self, tenant_id: str) -> tuple[TenantProfile, str | None]:
        """The profile with the ETag under which it is stored; None: it is not."""
        try:
            stored = self._objects.get(keys.tenant_profile(tenant_id))
        except ObjectMissingError:
            return TenantProfile(tenant_id=tenant_id), None
        return TenantProfile.model_validate_json(stored.body), stored.etag

    def _catalogue(self) -> dict[str, tuple[str, object]]:
        try:
            stored = json.loads(self._objects.get(_CATALOGUE).body)
        except ObjectMissingError:
            return {}
        return {key: (etag, document) for key, (etag, document) in stored.items()}

    def _read(self, key: str) -> object:
        try:
            return json.loads(self._objects.get(key).body)
        except ObjectMissingError:
            return None


def _document(profile: TenantProfile) -> bytes:
    """Only what was set: a default that changes later holds for those who never chose."""
    return profile.model_dump_json(exclude_unset=True).encode()
