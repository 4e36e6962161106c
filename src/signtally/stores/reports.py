"""Stored reports. A version is claimed once, then filled with files, and is whole once its manifest is there."""

import datetime as dt
from collections.abc import Iterable, Iterator

from signtally.domain.batches import batched
from signtally.domain.report_failures import ReportFailure
from signtally.domain.reports import ReportKey, ReportManifest, ReportRequest, SourceMark
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.report_days import ReportDays
from signtally.stores.report_folder import ReportFolder
from signtally.stores.report_index import IndexEntry, ReportIndex, milliseconds
from signtally.stores.report_records import ReportClaim, ReportRecords
from signtally.stores.report_states import (
    UNKNOWN_REQUESTER,
    ReportMissingError,
    ReportState,
    missing_version,
    read_ready,
    read_state,
)
from signtally.threads import ContextThreads

_READERS, _READ_AHEAD = 16, 256


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
        return claim if self._records(key).claim.create(claim) else None

    def withdraw(self, claim: ReportClaim) -> bool:
        """Forget a claim that nobody works on; False when somebody has begun to: then it stays."""
        if any(self._objects.list_objects(self._records(claim.key).started)):
            return False
        self._records(claim.key).claim.delete()
        self._index.forget(claim.key, user_ids=claim.request.user_ids, at=claim.requested_at)
        return True

    def discard(self, key: ReportKey) -> None:
        """Delete whatever was stored of a version whose claim was withdrawn while somebody made it."""
        stored, kept = self._objects.list_objects(keys.report_version(key)), self._records(key).deleted
        self._objects.delete([found.key for found in stored if found.key != kept])

    def read_claim(self, key: ReportKey) -> ReportClaim:
        """Raises ReportMissingError when the version was never asked for."""
        claim = self._records(key).claim.read_sound()
        if claim is None:
            raise missing_version(key)
        return claim

    def start(self, key: ReportKey) -> None:
        """Note that a run is making this version; idempotent."""
        self._objects.put_if_absent(self._records(key).started, b"{}")

    def put_file(self, key: ReportKey, name: str, body: bytes, *, content_type: str) -> str:
        """Store one file of a version and return its key in the bucket."""
        file_key = f"{keys.report_version(key)}{name}"
        self._objects.put(file_key, body, content_type=content_type)
        return file_key

    def finish(self, manifest: ReportManifest) -> bool:
        """Publish a version; False when it was published before (a retried run): what was published first stays."""
        ReportDays(self._objects).note(manifest.key, made_at=manifest.made_at)
        return self._records(manifest.key).manifest.create(manifest)

    def made_on(self, day: dt.date) -> Iterator[ReportManifest]:
        """The whole versions, of all tenants, that were made on a day of UTC; in no order."""
        folders = ReportDays(self._objects).folders(day)
        with ContextThreads(_READERS) as readers:
            for some in batched(folders, _READ_AHEAD):
                yield from filter(None, readers.map(self._manifest_in, some))

    def fail(self, key: ReportKey, failure: ReportFailure) -> None:
        """Publish that a version could not be made; what was published first stays."""
        self._records(key).failure.create(failure)

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
            state = read_state(self._objects, entry.key, folder.stored(entry.key.version), now=now)
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
        return read_state(self._objects, key, present, now=now)

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
                return read_state(self._objects, folder.key(version), folder.stored(version), now=now)
            except ReportMissingError:  # withdrawn, or its claim got lost: the version before is the newest
                continue
        return None

    def newest_ready_in(self, folder: ReportFolder) -> ReportState | None:
        """The newest version of a listing that is ready; None when none is."""
        published = (each for each in reversed(folder.versions) if folder.is_published(each))
        found = (read_ready(self._objects, folder.key(version), folder.stored(version)) for version in published)
        return next((state for state in found if state is not None), None)

    def has_all_files(self, manifest: ReportManifest) -> bool:
        """Whether every file that a version was made with is still stored."""
        present = {summary.key for summary in self._objects.list_objects(keys.report_version(manifest.key))}
        return all(file.key in present for file in manifest.files)

    def confirm(self, key: ReportKey, source: SourceMark) -> None:
        """Keep that a version was found to say what is so, under this mark."""
        self._records(key).source.write(source)

    def latest_manifest(self, tenant_id: str, report_id: str, *, before: int | None = None) -> ReportManifest | None:
        """The newest version that is whole, of those *before* a version when one is given; None when none is."""
        return next(self.manifests_in(self.folder(tenant_id, report_id), before=before), None)

    def manifests_in(self, folder: ReportFolder, *, before: int | None = None) -> Iterator[ReportManifest]:
        """Of the versions of a listing that are whole, the newest first; each is read when it is asked for."""
        asked = (each for each in reversed(folder.versions) if before is None or each < before)
        published = (folder.key(version) for version in asked if folder.is_published(version))
        yield from filter(None, (self._manifest_in(keys.report_version(key)) for key in published))

    def delete(self, folder: ReportFolder) -> None:
        """Delete every version of a listing with its files; what was claimed since stays.

        That its last number is taken is kept, so that no number ever names two versions. Then the index is first: what
        a crash leaves behind is listed nowhere, and found by the same call again.
        """
        deleted = self._records(folder.key(folder.last_number)).deleted
        self._objects.put_if_absent(deleted, b"{}")
        self._index.forget_report(folder.tenant_id, folder.report_id, up_to=folder.last_number)
        self._objects.delete(key for stored in folder.by_version.values() for key in stored if key != deleted)

    def _manifest_in(self, folder: str) -> ReportManifest | None:
        return ReportRecords(self._objects, folder).manifest.read_sound()

    def _records(self, key: ReportKey) -> ReportRecords:
        return ReportRecords.of(self._objects, key)


def _is_of(state: ReportState, entry: IndexEntry) -> bool:
    """Two who asked at once left two entries for one version: the claim knows whose it is."""
    same = milliseconds(state.claim.requested_at) == milliseconds(entry.requested_at)
    return same or state.claim.requested_by == UNKNOWN_REQUESTER
