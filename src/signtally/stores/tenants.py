"""Tenants' profiles, one JSON object each; a broken one affects its own tenant alone."""

import logging
from collections.abc import Callable, Mapping
from typing import cast

from signtally.domain.tenants import TenantProfile
from signtally.errors import SigntallyError
from signtally.logos.profile_logos import with_png_logo
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.profile_catalogue import BrokenProfileError, ProfileCatalogue, decoded_profile
from signtally.stores.typed_objects import ContentionError, TypedObject

_log = logging.getLogger(__name__)
DEFAULT_ZONE = TenantProfile.model_fields["timezone"].default


class EditConflictError(SigntallyError):
    """Others kept changing the profile: nothing was stored, and the same edit may succeed later."""


class Tenants:
    """Stored profiles by tenant id: one read for one tenant, the catalogue for all."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def get(self, tenant_id: str) -> TenantProfile:
        """The stored profile; an unknown tenant has the defaults (UTC, `en`, …), and so has each invalid field."""
        try:
            return self.read(tenant_id)
        except BrokenProfileError as error:
            _report(error)
            return error.profile

    def read(self, tenant_id: str) -> TenantProfile:
        """The stored profile, defaults for an unknown tenant. Raises BrokenProfileError when any field is invalid."""
        return self._profile(tenant_id).read() or TenantProfile(tenant_id=tenant_id)

    def put(self, profile: TenantProfile) -> None:
        """Store the profile, its logo as a small PNG. Raises LogoError when the logo cannot be shown."""
        self._objects.put(keys.tenant_profile(profile.tenant_id), _document(with_png_logo(profile)))

    def edit(self, tenant_id: str, change: Callable[[TenantProfile], TenantProfile]) -> TenantProfile:
        """Store what *change* makes of the profile, by compare-and-set: called again when another edit came first.

        Raises EditConflictError, BrokenProfileError (what its author meant is not to be written over), LogoError, and
        whatever *change* raises.
        """

        def changed(stored: TenantProfile | None) -> TenantProfile:
            return with_png_logo(change(stored or TenantProfile(tenant_id=tenant_id)))

        try:
            return self._profile(tenant_id).update(changed)
        except ContentionError as error:
            raise EditConflictError(f"others kept changing the profile of {tenant_id} while it was edited") from error

    def all(self) -> Mapping[str, TenantProfile]:
        """Every stored profile by tenant id, invalid fields with their defaults; every problem is logged.

        One that is not a JSON object of its tenant is left out, as if the tenant had no profile.
        """
        profiles, broken = self.survey()
        for error in broken:
            _report(error)
        return profiles

    def survey(self) -> tuple[Mapping[str, TenantProfile], list[BrokenProfileError]]:
        """Every stored profile by tenant id, and what is wrong with those that are broken."""
        profiles: dict[str, TenantProfile] = {}
        broken: list[BrokenProfileError] = []
        for key, entry in ProfileCatalogue(self._objects).entries().items():
            profile = entry.profile(key)
            if entry.problems:
                broken.append(BrokenProfileError(profile, entry.problems))
            if entry.fields is not None:
                profiles[profile.tenant_id] = profile
        return profiles, broken

    def zones(self) -> dict[str, str]:
        """The zone of every tenant with a profile, for a thousandth of what `all` costs; every problem is logged."""
        zones: dict[str, str] = {}
        for key, entry in ProfileCatalogue(self._objects).entries().items():
            if entry.problems:
                _report(BrokenProfileError(entry.profile(key), entry.problems))
            if entry.fields is not None:
                fields = cast("dict[str, str]", entry.fields)  # they were validated when they were catalogued
                zones[fields["tenant_id"]] = fields.get("timezone", DEFAULT_ZONE)
        return zones

    def _profile(self, tenant_id: str) -> TypedObject[TenantProfile]:
        key = keys.tenant_profile(tenant_id)

        def decode(body: bytes) -> TenantProfile:
            profile, problems = decoded_profile(body, key=key)
            if problems:  # a very long id cannot be told from the key, so the asker's is put in
                raise BrokenProfileError(profile.model_copy(update={"tenant_id": tenant_id}), problems)
            return profile

        return TypedObject(self._objects, key, encode=_document, decode=decode)


def _report(error: BrokenProfileError) -> None:
    if error.profile.is_unreadable:
        _log.error("%s; until it is mended, its days are counted in UTC and its scheduled sends wait", error)
    else:
        _log.error("%s; what is invalid has its default, a bad schedule is left out, the rest applies", error)


def _document(profile: TenantProfile) -> bytes:
    """Only what was set: a default that changes later holds for those who never chose."""
    return profile.model_dump_json(exclude_unset=True).encode()
