"""Every stored profile from a listing and one object, so that 43,000 of them are read and checked once a change."""

import contextlib
import dataclasses
import functools
import gc
import hashlib
import json
from collections.abc import Iterator, Sequence
from zoneinfo import available_timezones

from pydantic import TypeAdapter

from signtally.domain.address_fields import ALREADY_CHECKED
from signtally.domain.ids import ID_LIMIT_CHARACTERS
from signtally.domain.stored_profiles import read_profile, unreadable_profile
from signtally.domain.tenants import TenantProfile
from signtally.errors import SigntallyError
from signtally.logos.profile_logos import with_logo_that_shows
from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores import keys
from signtally.stores.typed_objects import JsonObject
from signtally.threads import ContextThreads

_CATALOGUE = f"{keys.STATE}tenants.json"
_FORMAT = "8"  # of the catalogue, and of rules that no schema shows: one in another is made anew
_READERS = 16  # profiles are small; the first catalogue of many tenants takes one read for each


@contextlib.contextmanager
def without_collections() -> Iterator[None]:
    """Make many objects without a search for cycles, of which they have none: repeated, it takes as long as they do.

    It holds for the whole process, so it is for some seconds.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class BrokenProfileError(SigntallyError):
    """A stored profile is invalid, in part or as a whole; *profile* is what applies of it.

    The message names the tenant and every problem.
    """

    def __init__(self, profile: TenantProfile, problems: Sequence[str]) -> None:
        self.profile = profile
        self.sentences = tuple(problems)
        self.problems = "; ".join(problems)
        super().__init__(f"the stored profile of the tenant {profile.tenant_id} is broken: {self.problems}")


@dataclasses.dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """What one stored profile says; *fields* are its valid ones, None when it is not a JSON object of this tenant."""

    etag: str
    fields: dict[str, object] | None
    problems: tuple[str, ...]  # empty for a valid profile
    is_unreadable: bool
    hides_recipients: bool

    def profile(self, key: str) -> TenantProfile:
        if self.fields is None:
            return unreadable_profile(tenant_behind(key))
        profile = TenantProfile.model_validate(self.fields, context=ALREADY_CHECKED)
        profile = profile.as_unreadable() if self.is_unreadable else profile
        return profile.as_hiding_recipients() if self.hides_recipients else profile


@dataclasses.dataclass(frozen=True, slots=True)
class _Catalogue:
    rules: str  # by which its profiles were checked
    profiles: dict[str, CatalogueEntry]  # by key


_ADAPTER = TypeAdapter(_Catalogue)


class ProfileCatalogue:
    """Reads the catalogue object, and each profile that changed since it was written."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._catalogue = JsonObject(objects, _CATALOGUE, _ADAPTER)

    def entries(self) -> dict[str, CatalogueEntry]:
        """Stored profiles by key: a listing, the catalogue, and one read for each that changed since."""
        with ContextThreads(1) as reader:  # beside the listing, which waits for a page after the other
            reading = reader.submit(self._known)
            current = {summary.key: summary.etag for summary in self._objects.list_objects(keys.TENANTS)}
            known = reading.result()
        changed = [key for key, etag in current.items() if key not in known or known[key].etag != etag]
        with ContextThreads(_READERS) as readers:
            read = dict(zip(changed, readers.map(self._read, changed, map(current.get, changed)), strict=True))
        entries = {key: read[key] if key in read else known[key] for key in current}
        # Deleted since the listing: not to be remembered, for it may come back with the same ETag.
        found = {key: entry for key, entry in entries.items() if entry is not None}
        if found != known:
            self._catalogue.write(_Catalogue(_rules(), found))
        return found

    def _known(self) -> dict[str, CatalogueEntry]:
        """Nothing when it was made by other rules, or cannot be read: then every profile is read again."""
        try:
            with without_collections():
                stored = self._catalogue.read()
        except ValueError:
            return {}
        return stored.profiles if stored is not None and stored.rules == _rules() else {}

    def _read(self, key: str, etag: str) -> CatalogueEntry | None:
        try:
            body = self._objects.get(key).body
        except ObjectMissingError:
            return None
        profile, problems = decoded_profile(body, key=key)
        fields = profile.model_dump(mode="json", exclude_unset=True)
        # Unreadable with nothing but the id: remembered as such, for the id may be one that only the key suggests.
        is_empty = profile.is_unreadable and fields.keys() == {"tenant_id"}
        known = None if is_empty else fields
        return CatalogueEntry(etag, known, problems, profile.is_unreadable, profile.hides_recipients)


def decoded_profile(body: bytes, *, key: str) -> tuple[TenantProfile, tuple[str, ...]]:
    """The profile stored under *key*, as far as it is valid, and what is wrong with it; never raises."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:  # a ValueError also for bytes that are not text
        return unreadable_profile(tenant_behind(key)), (f"it is not JSON ({error})",)
    profile, problems = read_profile(document, tenant_id=_owner(key, document))
    shown, wrong_with_logo = with_logo_that_shows(profile)
    return shown, (*problems, *wrong_with_logo)


def tenant_behind(key: str) -> str:
    """The tenant whose profile lies here; for one with a very long id, what the key has of it."""
    return keys.text_of(key.removeprefix(keys.TENANTS).removesuffix(".json")) or key


def _owner(key: str, document: object) -> str:
    """The tenant that the document names, if its profile belongs under this key; else the one behind the key."""
    named = document.get("tenant_id") if isinstance(document, dict) else None
    if isinstance(named, str) and 0 < len(named) <= ID_LIMIT_CHARACTERS and named.isprintable():
        return named if keys.tenant_profile(named) == key else tenant_behind(key)
    return tenant_behind(key)


@functools.cache
def _rules() -> str:
    """A digest of what makes a profile valid: a later time zone database may know more zones."""
    schema = json.dumps(TenantProfile.model_json_schema(), sort_keys=True)
    return hashlib.sha256("\n".join([_FORMAT, schema, *sorted(available_timezones())]).encode()).hexdigest()
