"""Tenants' profiles, one JSON object each; a broken one affects its own tenant alone."""

import dataclasses
import datetime as dt
import json
import logging
from collections.abc import Callable, Collection, Mapping
from typing import cast

from signtally.domain.erasures import Person, without_person
from signtally.domain.operator_events import Tell, profile_broken, tell_nobody
from signtally.domain.profile_edits import edited
from signtally.domain.tenants import TenantProfile
from signtally.errors import SigntallyError
from signtally.logos.profile_logos import with_png_logo
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.profile_catalogue import (
    BrokenProfileError,
    ProfileCatalogue,
    decoded_profile,
    without_collections,
)
from signtally.stores.typed_objects import ContentionError, TypedObject

_log = logging.getLogger(__name__)
DEFAULT_ZONE = TenantProfile.model_fields["timezone"].default


class EditConflictError(SigntallyError):
    """Others kept changing the profile: nothing was stored, and the same edit may succeed later."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Stored:
    """A profile as somebody wrote it, and as it applies."""

    document: Mapping[str, object]
    profile: TenantProfile


class Tenants:
    """Stored profiles by tenant id: one read for one tenant, the catalogue for all."""

    def __init__(self, objects: ObjectStore, *, tell: Tell = tell_nobody) -> None:
        self._objects = objects
        self._tell = tell

    def get(self, tenant_id: str) -> TenantProfile:
        """The stored profile; an unknown tenant has the defaults (UTC, `en`, …), and so has each invalid field."""
        try:
            return self.read(tenant_id)
        except BrokenProfileError as error:
            self._report(error)
            return error.profile

    def with_problems(self, tenant_id: str) -> tuple[TenantProfile, tuple[str, ...]]:
        """The profile as it applies, and what is wrong with the stored one: a sentence for each invalid field."""
        try:
            return self.read(tenant_id), ()
        except BrokenProfileError as error:
            return error.profile, error.sentences

    def read(self, tenant_id: str) -> TenantProfile:
        """The stored profile, defaults for an unknown tenant. Raises BrokenProfileError when any field is invalid."""
        return self._profile(tenant_id).read() or TenantProfile(tenant_id=tenant_id)

    def put(self, profile: TenantProfile) -> None:
        """Store the profile, its logo as a small PNG. Raises LogoError when the logo cannot be shown."""
        self._objects.put(keys.tenant_profile(profile.tenant_id), _document(with_png_logo(profile)))

    def edit(
        self, tenant_id: str, change: Callable[[TenantProfile], TenantProfile], *, named: Collection[str] = ()
    ) -> TenantProfile:
        """Store what *change* makes of the profile, by compare-and-set: called again when another edit came first.

        Invalid fields stay as they are stored, unless the edit sets them or they are among the *named*
        (`domain.profile_edits`). Raises EditConflictError, LogoError, whatever *change* raises, and BrokenProfileError
        when what is stored is no JSON object of this tenant: what its author meant is not to be written over.
        """
        new = TenantProfile(tenant_id=tenant_id)

        def changed(stored: _Stored | None) -> _Stored:
            before = stored.profile if stored else new
            after = with_png_logo(change(before))
            if stored is None:
                return _Stored(after.model_dump(mode="json", exclude_unset=True), after)
            return _Stored(edited(stored.document, before=before, after=after, named=named), after)

        try:
            return self._editable(tenant_id).update(changed).profile
        except ContentionError as error:
            raise EditConflictError(f"others kept changing the profile of {tenant_id} while it was edited") from error

    def forget_person(self, person: Person, *, dry_run: bool = False) -> int:
        """Take a person out of members and recipients, in valid fields and invalid ones; how many entries they had.

        What is no JSON object of a tenant stays. Raises ContentionError.
        """
        gone = 0

        def changed(document: object) -> object:
            nonlocal gone
            if not isinstance(document, dict):
                return None
            without, gone = without_person(document, person)
            return without if gone and not dry_run else None

        TypedObject(
            self._objects,
            keys.tenant_profile(person.tenant_id),
            encode=lambda document: json.dumps(document).encode(),
            decode=_json_or_none,
        ).update(changed)
        if gone and not dry_run:
            ProfileCatalogue(self._objects).entries()  # it copies every profile
        return gone

    def is_stored(self, tenant_id: str) -> bool:
        """Whether a profile is stored, sound or broken."""
        return any(self._objects.list_objects(keys.tenant_profile(tenant_id)))

    def stored_at(self, tenant_id: str) -> dt.datetime | None:
        """When the profile was stored last, by the bucket's clock; None when there is none."""
        key = keys.tenant_profile(tenant_id)
        return next((each.stored_at for each in self._objects.list_objects(key) if each.key == key), None)

    def all(self) -> Mapping[str, TenantProfile]:
        """Every stored profile by tenant id, invalid fields with their defaults; every problem is logged.

        One that is not a JSON object of its tenant is left out, as if the tenant had no profile.
        """
        profiles, broken = self.survey()
        for error in broken:
            self._report(error)
        return profiles

    def survey(self) -> tuple[Mapping[str, TenantProfile], list[BrokenProfileError]]:
        """Every stored profile by tenant id, and what is wrong with those that are broken."""
        profiles: dict[str, TenantProfile] = {}
        broken: list[BrokenProfileError] = []
        entries = ProfileCatalogue(self._objects).entries()
        with without_collections():
            for key, entry in entries.items():
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
                self._report(BrokenProfileError(entry.profile(key), entry.problems))
            if entry.fields is not None:
                fields = cast("dict[str, str]", entry.fields)  # they were validated when they were catalogued
                zones[fields["tenant_id"]] = fields.get("timezone", DEFAULT_ZONE)
        return zones

    def _editable(self, tenant_id: str) -> TypedObject[_Stored]:
        key = keys.tenant_profile(tenant_id)

        def decode(body: bytes) -> _Stored:
            profile, problems = decoded_profile(body, key=key)
            profile = profile.model_copy(update={"tenant_id": tenant_id})
            document = _json_or_none(body)
            if not isinstance(document, dict) or document.get("tenant_id", tenant_id) != tenant_id:
                raise BrokenProfileError(profile, problems)
            return _Stored(document, profile)

        return TypedObject(
            self._objects, key, encode=lambda stored: json.dumps(stored.document).encode(), decode=decode
        )

    def _profile(self, tenant_id: str) -> TypedObject[TenantProfile]:
        key = keys.tenant_profile(tenant_id)

        def decode(body: bytes) -> TenantProfile:
            profile, problems = decoded_profile(body, key=key)
            if problems:  # a very long id cannot be told from the key, so the asker's is put in
                raise BrokenProfileError(profile.model_copy(update={"tenant_id": tenant_id}), problems)
            return profile

        return TypedObject(self._objects, key, encode=_document, decode=decode)

    def _report(self, error: BrokenProfileError) -> None:
        if error.profile.is_unreadable:
            _log.error("%s; until it is mended, its days are counted in UTC and its scheduled sends wait", error)
        elif error.profile.hides_recipients:
            _log.error("%s; until it says who may get reports, its scheduled sends wait", error)
        else:
            _log.error("%s; what is invalid has its default, a bad schedule is left out, the rest applies", error)
        self._tell(profile_broken(error.profile.tenant_id, error.problems))


def _json_or_none(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _document(profile: TenantProfile) -> bytes:
    """Only what was set: a default that changes later holds for those who never chose."""
    return profile.model_dump_json(exclude_unset=True).encode()
