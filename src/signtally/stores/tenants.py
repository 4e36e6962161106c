"""Tenants' profiles, one JSON object each, and a catalogue that saves reading 43,000 of them."""

import json
from collections.abc import Iterable, Mapping

from signtally.domain.tenants import TenantProfile
from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores import keys

_CATALOGUE = f"{keys.STATE}tenants.json"


class Tenants:
    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def get(self, tenant_id: str) -> TenantProfile:
        """The stored profile; an unknown tenant gets the defaults (UTC, `en`, no schedule)."""
        try:
            stored = self._objects.get(keys.tenant_profile(tenant_id))
        except ObjectMissingError:
            return TenantProfile(tenant_id=tenant_id)
        return TenantProfile.model_validate_json(stored.body)

    def put(self, profile: TenantProfile) -> None:
        self._objects.put(keys.tenant_profile(profile.tenant_id), profile.model_dump_json(exclude_unset=True).encode())

    def all(self) -> Mapping[str, TenantProfile]:
        """Every stored profile by tenant id: a listing, the catalogue, and one read for each that changed since."""
        known = self._catalogue()
        current = {summary.key: summary.etag for summary in self._objects.summaries(keys.TENANTS)}
        entries = {
            key: known[key] if key in known and known[key][0] == etag else (etag, self._read(key))
            for key, etag in current.items()
        }
        if entries != known:
            self._objects.put(_CATALOGUE, json.dumps(entries).encode())
        profiles = (TenantProfile.model_validate(document) for _, document in entries.values() if document is not None)
        return {profile.tenant_id: profile for profile in profiles}

    def of(self, tenant_ids: Iterable[str]) -> dict[str, TenantProfile]:
        """The profiles of these tenants, defaults for the unknown ones."""
        known = self.all()
        return {tenant_id: known.get(tenant_id) or TenantProfile(tenant_id=tenant_id) for tenant_id in tenant_ids}

    def _catalogue(self) -> dict[str, tuple[str, object]]:
        try:
            stored = json.loads(self._objects.get(_CATALOGUE).body)
        except ObjectMissingError:
            return {}
        return {key: (etag, document) for key, (etag, document) in stored.items()}

    def _read(self, key: str) -> object:
        try:
            return json.loads(self._objects.get(key).body)
        except ObjectMissingError:  # deleted since the listing
            return None
