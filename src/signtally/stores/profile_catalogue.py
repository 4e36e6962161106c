"""Every stored profile from a listing and one object, so that 43,000 of them are read and checked once a change."""

import dataclasses
import functools
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import available_timezones

from pydantic import ValidationError

from signtally.domain.tenants import TenantProfile
from signtally.errors import SigntallyError
from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores import keys

_CATALOGUE = f"{keys.STATE}tenants.json"
_READERS = 16  # profiles are small; the first catalogue of many tenants takes one read for each


class BrokenProfileError(SigntallyError):
    """What is stored as a tenant's profile is none; the message is a sentence that names tenant and *fault*."""

    def __init__(self, tenant_id: str, fault: str) -> None:
        super().__init__(f"the stored profile of the tenant {tenant_id} is broken: {fault}")
        self.tenant_id = tenant_id
        self.fault = fault


@dataclasses.dataclass(frozen=True, slots=True)
class CatalogueEntry:
    etag: str
    document: object  # None for a broken profile, which may be no JSON at all
    fault: str | None


class ProfileCatalogue:
    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def entries(self) -> dict[str, CatalogueEntry]:
        """Stored profiles by key: a listing, the catalogue, and one read for each that changed since."""
        known = self._known()
        current = {summary.key: summary.etag for summary in self._objects.list_objects(keys.TENANTS)}
        changed = [key for key, etag in current.items() if key not in known or known[key].etag != etag]
        with ThreadPoolExecutor(_READERS) as readers:
            read = dict(zip(changed, readers.map(self._read, changed, map(current.get, changed)), strict=True))
        entries = {key: read[key] if key in read else known[key] for key in current}
        # Deleted since the listing: not to be remembered, for it may come back with the same ETag.
        found = {key: entry for key, entry in entries.items() if entry is not None}
        if found != known:
            profiles = {key: [entry.etag, entry.document, entry.fault] for key, entry in found.items()}
            self._objects.put(_CATALOGUE, json.dumps({"rules": _rules(), "profiles": profiles}).encode())
        return found

    def _known(self) -> dict[str, CatalogueEntry]:
        """Nothing when it was made by other rules, or cannot be read: then every profile is read again."""
        try:
            stored = json.loads(self._objects.get(_CATALOGUE).body)
        except (ObjectMissingError, ValueError):
            return {}
        if not isinstance(stored, dict) or stored.get("rules") != _rules():
            return {}
        return {key: CatalogueEntry(*entry) for key, entry in stored["profiles"].items()}

    def _read(self, key: str, etag: str) -> CatalogueEntry | None:
        try:
            body = self._objects.get(key).body
        except ObjectMissingError:
            return None
        try:
            document = decoded(key, body)
            validated(key, document)
        except BrokenProfileError as error:
            return CatalogueEntry(etag, None, error.fault)
        return CatalogueEntry(etag, document, None)


def decoded(key: str, body: bytes) -> object:
    """Raise BrokenProfileError for what is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # a ValueError, too, for what is no text
        raise BrokenProfileError(tenant_behind(key), f"it is not JSON ({error})") from None


def validated(key: str, document: object) -> TenantProfile:
    """Raise BrokenProfileError for what is no profile, or that of somebody else."""
    try:
        profile = TenantProfile.model_validate(document)
    except ValidationError as error:
        raise BrokenProfileError(tenant_behind(key), _sentence(error)) from None
    if keys.tenant_profile(profile.tenant_id) != key:
        raise BrokenProfileError(tenant_behind(key), f"it says that it is of {profile.tenant_id!r}")
    return profile


def tenant_behind(key: str) -> str:
    """The tenant whose profile lies here; of one with a very long id, what the key has of it."""
    return keys.text_of(key.removeprefix(keys.TENANTS).removesuffix(".json"))


def _sentence(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in found['loc']) or 'it'}: {found['msg'].removeprefix('Value error, ')}"
        for found in error.errors(include_url=False, include_context=False)
    )


@functools.cache
def _rules() -> str:
    """A digest of what makes a profile valid: a zone that the next release of the world's clocks knows is no fault."""
    schema = json.dumps(TenantProfile.model_json_schema(), sort_keys=True)
    return hashlib.sha256("\n".join([schema, *sorted(available_timezones())]).encode()).hexdigest()
