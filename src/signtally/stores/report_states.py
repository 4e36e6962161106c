"""Where a report version stands, as the records in its folder say."""

import dataclasses
import datetime as dt
from collections.abc import Collection

from signtally.domain.report_failures import FailureCode, FailureReason, ReportFailure
from signtally.domain.reports import ReportKey, ReportManifest, ReportStatus, SourceMark
from signtally.errors import SigntallyError
from signtally.ports.objects import ObjectStore
from signtally.stores.report_records import RECORD_NAMES, ReportClaim, ReportRecords

UNKNOWN_REQUESTER = ""  # who asked for a version whose claim is lost
# What has not been made by then never will be, however long the queue is. Asking again makes the next version.
_ABANDONED_AFTER = dt.timedelta(hours=1)
_PUBLISHED_WITHIN = dt.timedelta(minutes=2)  # once all files are stored; S3's clock may differ from ours
_SPOILT = FailureReason(FailureCode.UNREADABLE)
_ABANDONED = FailureReason(FailureCode.NOT_IN_TIME)


class ReportMissingError(SigntallyError, LookupError):
    """No such report or version is stored."""


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


def missing_version(key: ReportKey) -> ReportMissingError:
    return ReportMissingError(f"no version {key.version} of report {key.report_id}")


def read_state(objects: ObjectStore, key: ReportKey, present: Collection[str], *, now: dt.datetime) -> ReportState:
    """What the keys that are *present* in a version's folder say of it. Raises ReportMissingError without a claim."""
    records = ReportRecords.of(objects, key)
    is_published = records.manifest.key in present
    if is_published and (ready := read_ready(objects, key, present)) is not None:
        return ready
    claim = records.claim.read_sound()
    if claim is None:
        raise missing_version(key)
    if is_published:
        return _failed(claim, _SPOILT, now=now)
    if records.failure.key in present:
        return ReportState(claim, ReportStatus.FAILED, failure=records.failure.read_sound())
    if now - claim.requested_at > _ABANDONED_AFTER:
        return _failed(claim, _ABANDONED, now=now)
    is_running = records.started in present
    if is_running and _is_left_without_manifest(records, claim, present, now=now):
        return _failed(claim, _SPOILT, now=now)
    return ReportState(claim, ReportStatus.RUNNING if is_running else ReportStatus.PENDING)


def read_ready(objects: ObjectStore, key: ReportKey, present: Collection[str]) -> ReportState | None:
    """A published version; None when its manifest is spoilt or gone."""
    records = ReportRecords.of(objects, key)
    manifest = records.manifest.read_sound()
    if manifest is None:
        return None
    confirmed = records.source.read_sound() if records.source.key in present else None
    claim = None if manifest.requested_at else records.claim.read_sound()
    return ReportState(
        claim or _claim_of(manifest),
        ReportStatus.READY,
        manifest=manifest,
        source=confirmed or manifest.source,
        stored=frozenset(present),
    )


def _failed(claim: ReportClaim, reason: FailureReason, *, now: dt.datetime) -> ReportState:
    return ReportState(claim, ReportStatus.FAILED, failure=ReportFailure.of(reason, failed_at=now))


def _is_left_without_manifest(
    records: ReportRecords, claim: ReportClaim, present: Collection[str], *, now: dt.datetime
) -> bool:
    """Whether a file of each format is stored, and nothing since: the manifest follows at once, or was lost."""
    files = [key for key in present if key.removeprefix(records.folder) not in RECORD_NAMES]
    if not all(any(key.endswith(f".{name}") for key in files) for name in claim.request.formats):
        return False
    stored = (each.stored_at for each in records.objects.list_objects(records.folder))
    return now - max(stored, default=now) > _PUBLISHED_WITHIN


def _claim_of(manifest: ReportManifest) -> ReportClaim:
    """The claim as its version knows it; of an older one that got lost, the rest."""
    by, at = manifest.requested_by or UNKNOWN_REQUESTER, manifest.requested_at or manifest.made_at
    return ReportClaim(manifest.key, manifest.request, by, at)
