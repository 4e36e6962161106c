"""Stored reports. A version is claimed once, then filled with files, and is whole once its manifest is there.

Below `reports/{tenant}/{report}/v{n}/` lie `request.json` (the claim), `started.json`, one file a format, and at
the end `manifest.json` or `failure.json`. Nothing of these is ever written twice, so a version's status needs no
locking. `source.json` alone is: the newest source mark under which the version was found to be true.
"""

import dataclasses
import datetime as dt
import logging
from collections.abc import Collection, Iterable, Iterator

from pydantic import TypeAdapter, ValidationError

from signtally.domain.batches import batched
from signtally.domain.report_failures import FailureCode, FailureReason, ReportFailure
from signtally.domain.reports import ReportKey, ReportManifest, ReportRequest, ReportStatus, SourceMark
from signtally.errors import SigntallyError
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.report_days import ReportDays
from signtally.stores.report_folder import ReportFolder
from signtally.stores.report_index import IndexEntry, ReportIndex, milliseconds
from signtally.stores.typed_objects import JsonObject, Value
from signtally.threads import ContextThreads

_log = logging.getLogger(__name__)
# What has not been made by then never will be, however long the queue is. Asking again makes the next version.
_ABANDONED_AFTER = dt.timedelta(hours=1)
_PUBLISHED_WITHIN = dt.timedelta(minutes=2)  # once all files are stored; S3's clock may differ from ours
_READERS, _READ_AHEAD = 16, 256
_RECORDS = ("request.json", "started.json", "manifest.json", "failure.json", "source.json")
_UNKNOWN = ""  # who asked for a version whose claim is lost
_SPOILT = FailureReason(FailureCode.UNREADABLE)
_ABANDONED = FailureReason(FailureCode.NOT_IN_TIME)


class ReportMissingError(SigntallyError, LookupError):
    """No such report or version is stored."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReportClaim:
    """A version that was asked for: what for, by whom and when."""

    key: ReportKey
    request: ReportRequest
    requested_by: str
    requested_at: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class ReportState:
    """Where one version stands; *manifest* when ready, *failure* when failed."""

    claim: ReportClaim
    status: ReportStatus
    manifest: ReportManifest | None = None
    failure: ReportFailure | None = None
    source: SourceMark | None = dataclasses.field(default=None, compare=False)  # under which it was last found true
    stored: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)  # keys that were there with it

    @property
    def is_whole(self) -> bool:
        """Whether it is ready, with every file that it was made with."""
        return self.manifest is not None and all(file.key in self.stored for file in self.manifest.files)


_CLAIM = TypeAdapter(ReportClaim)
_MANIFEST = TypeAdapter(ReportManifest)
_FAILURE = TypeAdapter(ReportFailure)
_SOURCE = TypeAdapter(SourceMark)


class Reports:
    """Report versions, from the claim to the manifest."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._index = ReportIndex(objects)

    def claim(self, request: ReportRequest, *, version: int, requested_by: str, now: dt.datetime) -> ReportClaim | None:
        """Claim a version for this request; None when somebody else has it."""
        key = ReportKey(request.tenant_id, request.report_id, version)
        claim = ReportClaim(key, request, requested_by, now)
        self._index.note(key, user_ids=request.user_ids, at=now)
        return claim if self._claim(key).create(claim) else None

    def withdraw(self, claim: ReportClaim) -> bool:
        """Forget a claim that nobody works on; False when somebody has begun to: then it stays."""
        if any(self._objects.list_objects(_started(claim.key))):
            return False
        self._claim(claim.key).delete()
        self._index.forget(claim.key, user_ids=claim.request.user_ids, at=claim.requested_at)
        return True

    def discard(self, key: ReportKey) -> None:
        """Delete whatever was stored of a version whose claim was withdrawn while somebody made it."""
        self._objects.delete([found.key for found in self._objects.list_objects(keys.report_version(key))])

    def read_claim(self, key: ReportKey) -> ReportClaim:
        """Raises ReportMissingError when the version was never asked for."""
        claim = _read(self._claim(key))
        if claim is None:
            raise _missing(key)
        return claim

    def start(self, key: ReportKey) -> None:
        """Note that a run is making this version; idempotent."""
        self._objects.put_if_absent(_started(key), b"{}")

    def put_file(self, key: ReportKey, name: str, body: bytes, *, content_type: str) -> str:
        """Store one file of a version and return its key in the bucket."""
        file_key = f"{keys.report_version(key)}{name}"
        self._objects.put(file_key, body, content_type=content_type)
        return file_key

    def finish(self, manifest: ReportManifest) -> bool:
        """Publish a version; False when it was published before (a retried run): what was published first stays."""
        ReportDays(self._objects).note(manifest.key, made_at=manifest.made_at)
        return self._objects.put_if_absent(
            f"{keys.report_version(manifest.key)}manifest.json", _MANIFEST.dump_json(manifest, indent=2)
        )

    def made_on(self, day: dt.date) -> Iterator[ReportManifest]:
        """The whole versions, of all tenants, that were made on a day of UTC; in no order."""
        folders = ReportDays(self._objects).folders(day)
        with ContextThreads(_READERS) as readers:
            for some in batched(folders, _READ_AHEAD):
                yield from filter(None, readers.map(self._manifest_in, some))

    def fail(self, key: ReportKey, failure: ReportFailure) -> None:
        """Publish that a version could not be made; what was published first stays."""
        self._failure(key).create(failure)

    def versions(self, tenant_id: str, report_id: str) -> list[int]:
        """The versions that were asked for, oldest first."""
        return self.folder(tenant_id, report_id).versions

    def folder(self, tenant_id: str, report_id: str) -> ReportFolder:
        """What is stored of a report, from one listing."""
        return ReportFolder.listed(self._objects, tenant_id, report_id)

    def report_ids(self, tenant_id: str) -> Iterator[str]:
        """The ids of all reports of a tenant, in key order."""
        for name in self._objects.list_prefixes(keys.tenant_reports(tenant_id)):
            yield keys.text_of(name)

    def requested(
        self, tenant_id: str, *, after: str | None = None, user_ids: tuple[str, ...] | None = None
    ) -> Iterator[IndexEntry]:
        """Versions by when they were asked for, latest first; *user_ids* leaves only reports narrowed to those."""
        return self._index.entries(tenant_id, after=after, user_ids=user_ids)

    def newest_of(self, entry: IndexEntry, *, now: dt.datetime) -> ReportState | None:
        """The state of the report behind an entry, if the entry is that of its newest version; else None."""
        folder = self.folder(entry.key.tenant_id, entry.key.report_id)
        if not folder.versions or folder.versions[-1] != entry.key.version:
            return None
        try:
            state = self._state(entry.key, folder.stored(entry.key.version), now=now)
        except ReportMissingError:  # withdrawn since the listing
            return None
        return state if _is_of(state, entry) else None

    def state_of(self, entry: IndexEntry, *, now: dt.datetime) -> ReportState | None:
        """The state of the version behind an entry; None when it was withdrawn, or has another entry."""
        try:
            state = self.state(entry.key, now=now)
        except ReportMissingError:
            return None
        return state if _is_of(state, entry) else None

    def state(self, key: ReportKey, *, now: dt.datetime) -> ReportState:
        """Raises ReportMissingError when the version was never asked for."""
        present = {summary.key for summary in self._objects.list_objects(keys.report_version(key))}
        return self._state(key, present, now=now)

    def _state(self, key: ReportKey, present: Collection[str], *, now: dt.datetime) -> ReportState:
        """What these keys, which are *present* in a version's folder, say of it."""
        folder = keys.report_version(key)
        is_published = f"{folder}manifest.json" in present
        if is_published and (ready := self._ready(key, present)) is not None:
            return ready
        claim = _read(self._claim(key))
        if claim is None:
            raise _missing(key)
        if is_published:
            return ReportState(claim, ReportStatus.FAILED, failure=ReportFailure.of(_SPOILT, failed_at=now))
        if f"{folder}failure.json" in present:
            return ReportState(claim, ReportStatus.FAILED, failure=_read(self._failure(key)))
        if now - claim.requested_at > _ABANDONED_AFTER:
            return ReportState(claim, ReportStatus.FAILED, failure=ReportFailure.of(_ABANDONED, failed_at=now))
        running = f"{folder}started.json" in present
        if running and _is_all_there(claim, present) and self._is_left_alone(claim, now=now):
            return ReportState(claim, ReportStatus.FAILED, failure=ReportFailure.of(_SPOILT, failed_at=now))
        return ReportState(claim, ReportStatus.RUNNING if running else ReportStatus.PENDING)

    def _is_left_alone(self, claim: ReportClaim, *, now: dt.datetime) -> bool:
        """Whether nothing has been stored of a version for a while."""
        stored = (each.stored_at for each in self._objects.list_objects(keys.report_version(claim.key)))
        return now - max(stored, default=now) > _PUBLISHED_WITHIN

    def _ready(self, key: ReportKey, present: Collection[str]) -> ReportState | None:
        """A published version; None when its manifest is spoilt or gone."""
        folder = keys.report_version(key)
        manifest = self._manifest_in(folder)
        if manifest is None:
            return None
        confirmed = self._source(key).read_sound() if f"{folder}source.json" in present else None
        claim = _claim_of(manifest) if manifest.requested_at else _read(self._claim(key)) or _claim_of(manifest)
        return ReportState(
            claim,
            ReportStatus.READY,
            manifest=manifest,
            source=confirmed or manifest.source,
            stored=frozenset(present),
        )

    def states(self, tenant_id: str, report_id: str, versions: Iterable[int], *, now: dt.datetime) -> list[ReportState]:
        """The states of these *versions*, in their order; those that were never asked for are left out."""

        def found(version: int) -> ReportState | None:
            try:
                return self.state(ReportKey(tenant_id, report_id, version), now=now)
            except ReportMissingError:
                return None

        with ContextThreads(_READERS) as readers:
            return [*filter(None, readers.map(found, versions))]

    def latest(self, tenant_id: str, report_id: str, *, now: dt.datetime) -> ReportState:
        """The newest version's state. Raises ReportMissingError when the report was never asked for."""
        newest = self.newest_in(self.folder(tenant_id, report_id), now=now)
        if newest is None:
            raise ReportMissingError(f"no report {report_id}")
        return newest

    def newest_in(self, folder: ReportFolder, *, now: dt.datetime) -> ReportState | None:
        """The state of the newest version of a listing; None when none is there."""
        for version in reversed(folder.versions):
            try:
                return self._state(folder.key(version), folder.stored(version), now=now)
            except ReportMissingError:  # withdrawn, or its claim got lost: the version before is the newest
                continue
        return None

    def newest_ready_in(self, folder: ReportFolder) -> ReportState | None:
        """The newest version of a listing that is ready; None when none is."""
        published = (each for each in reversed(folder.versions) if folder.is_published(each))
        found = (self._ready(folder.key(version), folder.stored(version)) for version in published)
        return next((state for state in found if state is not None), None)

    def has_all_files(self, manifest: ReportManifest) -> bool:
        """Whether every file that a version was made with is still stored."""
        present = {summary.key for summary in self._objects.list_objects(keys.report_version(manifest.key))}
        return all(file.key in present for file in manifest.files)

    def confirm(self, key: ReportKey, source: SourceMark) -> None:
        """Keep that a version was found to say what is so, under this mark."""
        self._source(key).write(source)

    def latest_manifest(self, tenant_id: str, report_id: str, *, before: int | None = None) -> ReportManifest | None:
        """The newest version that is whole, of those *before* a version when one is given; None when none is."""
        return next(self.manifests_in(self.folder(tenant_id, report_id), before=before), None)

    def manifests_in(self, folder: ReportFolder, *, before: int | None = None) -> Iterator[ReportManifest]:
        """Of the versions of a listing that are whole, the newest first; each is read when it is asked for."""
        asked = (each for each in reversed(folder.versions) if before is None or each < before)
        published = (folder.key(version) for version in asked if folder.is_published(version))
        yield from filter(None, (self._manifest_in(keys.report_version(key)) for key in published))

    def delete(self, tenant_id: str, report_id: str) -> None:
        """Delete every version with its files; absent ones are no error.

        The index is first: what a crash leaves behind is listed nowhere, and found by the same call again.
        """
        self._index.forget_report(tenant_id, report_id)
        folder = keys.report_versions(tenant_id, report_id)
        self._objects.delete(found.key for found in self._objects.list_objects(folder))

    def _manifest_in(self, folder: str) -> ReportManifest | None:
        return _read(JsonObject(self._objects, f"{folder}manifest.json", _MANIFEST))

    def _claim(self, key: ReportKey) -> JsonObject[ReportClaim]:
        return JsonObject(self._objects, f"{keys.report_version(key)}request.json", _CLAIM)

    def _source(self, key: ReportKey) -> JsonObject[SourceMark]:
        return JsonObject(self._objects, f"{keys.report_version(key)}source.json", _SOURCE)

    def _failure(self, key: ReportKey) -> JsonObject[ReportFailure]:
        return JsonObject(self._objects, f"{keys.report_version(key)}failure.json", _FAILURE)


def _read(stored: JsonObject[Value]) -> Value | None:
    """None when the object is gone, and when it holds something else: the log names that."""
    try:
        return stored.read()
    except ValidationError as error:
        _log.warning("%s is left aside, because it cannot be read: %s", stored.key, error)
        return None


def _is_all_there(claim: ReportClaim, present: Collection[str]) -> bool:
    """Whether a file of each format is stored: then the manifest follows at once, or has been and is gone."""
    folder = keys.report_version(claim.key)
    files = [key for key in present if key not in {f"{folder}{name}" for name in _RECORDS}]
    return all(any(key.endswith(f".{name}") for key in files) for name in claim.request.formats)


def _is_of(state: ReportState, entry: IndexEntry) -> bool:
    """Two who asked at once left two entries for one version: the claim knows whose it is."""
    same = milliseconds(state.claim.requested_at) == milliseconds(entry.requested_at)
    return same or state.claim.requested_by == _UNKNOWN


def _claim_of(manifest: ReportManifest) -> ReportClaim:
    """The claim as its version knows it; of an older one that got lost, the rest."""
    by, at = manifest.requested_by or _UNKNOWN, manifest.requested_at or manifest.made_at
    return ReportClaim(manifest.key, manifest.request, by, at)


def _started(key: ReportKey) -> str:
    return f"{keys.report_version(key)}started.json"


def _missing(key: ReportKey) -> ReportMissingError:
    return ReportMissingError(f"no version {key.version} of report {key.report_id}")
