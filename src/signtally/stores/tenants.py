"""Tenants' profiles, one JSON object each, in which a broken one is its own tenant's trouble alone."""

import logging
from collections.abc import Callable, Mapping
from typing import cast

from signtally.domain.tenants import TenantProfile
from signtally.errors import SigntallyError
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.profile_catalogue import BrokenProfileError, ProfileCatalogue, decoded, tenant_behind, validated
from signtally.stores.typed_objects import ContentionError, TypedObject

_log = logging.getLogger(__name__)
DEFAULT_ZONE = TenantProfile.model_fields["timezone"].default


class EditConflictError(SigntallyError):
    """Others kept changing the profile: nothing was stored, and the same edit may succeed later."""


class Tenants:
    """The profiles by tenant id."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def get(self, tenant_id: str) -> TenantProfile:
        """The stored profile; an unknown tenant, and one whose profile is broken, gets the defaults (UTC, `en`, …)."""
        try:
            return self.read(tenant_id)
        except BrokenProfileError as error:
            _report(error)
            return TenantProfile(tenant_id=tenant_id)

    def read(self, tenant_id: str) -> TenantProfile:
        """The stored profile, defaults for an unknown tenant; raise BrokenProfileError."""
        return self._profile(tenant_id).read() or TenantProfile(tenant_id=tenant_id)

    def put(self, profile: TenantProfile) -> None:
        self._objects.put(keys.tenant_profile(profile.tenant_id), _document(profile))

    def edit(self, tenant_id: str, change: Callable[[TenantProfile], TenantProfile]) -> TenantProfile:
        """Store what *change* makes of the profile, by compare-and-set: called again when another edit came first.

        Raises EditConflictError, BrokenProfileError (what its author meant is not to be written over), and whatever
        *change* raises.
        """

        def changed(stored: TenantProfile | None) -> TenantProfile:
            return change(stored or TenantProfile(tenant_id=tenant_id))

        try:
            return self._profile(tenant_id).update(changed)
        except ContentionError as error:
            raise EditConflictError(f"others kept changing the profile of {tenant_id} while it was edited") from error

    def all(self) -> Mapping[str, TenantProfile]:
        """Every stored profile by tenant id; a broken one is reported and left out, as if its tenant had none."""
        profiles, broken = self.survey()
        for error in broken:
            _report(error)
        return profiles

    def survey(self) -> tuple[Mapping[str, TenantProfile], list[BrokenProfileError]]:
        """Every stored profile by tenant id, and what is wrong with those that are broken."""
        profiles: dict[str, TenantProfile] = {}
        broken: list[BrokenProfileError] = []
        for key, entry in ProfileCatalogue(self._objects).entries().items():
            if entry.fault is not None:
                broken.append(BrokenProfileError(tenant_behind(key), entry.fault))
                continue
            profile = validated(key, entry.document)
            profiles[profile.tenant_id] = profile
        return profiles, broken

    def zones(self) -> dict[str, str]:
        """The zone of every tenant with a profile, for a thousandth of what `all` costs; broken ones are reported."""
        zones: dict[str, str] = {}
        for key, entry in ProfileCatalogue(self._objects).entries().items():
            if entry.fault is not None:
                _report(BrokenProfileError(tenant_behind(key), entry.fault))
                continue
            document = cast("dict[str, str]", entry.document)  # it was validated when it was catalogued
            zones[document["tenant_id"]] = document.get("timezone", DEFAULT_ZONE)
        return zones

    def _profile(self, tenant_id: str) -> TypedObject[TenantProfile]:
        key = keys.tenant_profile(tenant_id)
        return TypedObject(self._objects, key, encode=_document, decode=lambda body: validated(key, decoded(key, body)))


def _report(error: BrokenProfileError) -> None:
    _log.error("%s; until it is mended, this tenant has the defaults (UTC, no schedule)", error)


def _document(profile: TenantProfile) -> bytes:
    """Only what was set: a default that changes later holds for those who never chose."""
    return profile.model_dump_json(exclude_unset=True).encode()
