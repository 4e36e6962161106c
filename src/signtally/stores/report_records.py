"""The objects that record a report version, beside its files.

Below `reports/{tenant}/{report}/v{n}/` lie `request.json` (the claim), `started.json`, one file a format, and at
the end `manifest.json` or `failure.json`. Nothing of these is ever written twice, so a version's status needs no
locking. `source.json` alone is: the newest source mark under which the version was found to be true. Of a deleted
report `deleted.json` is left, in the folder of its last version: no later one has that number or one before.
"""

import dataclasses
import datetime as dt

from pydantic import TypeAdapter

from signtally.domain.report_failures import ReportFailure
from signtally.domain.reports import ReportKey, ReportManifest, ReportRequest, SourceMark
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.typed_objects import JsonObject

CLAIM, STARTED, MANIFEST, FAILURE, SOURCE, DELETED = (
    "request.json",
    "started.json",
    "manifest.json",
    "failure.json",
    "source.json",
    "deleted.json",
)
RECORD_NAMES = frozenset({CLAIM, STARTED, MANIFEST, FAILURE, SOURCE, DELETED})


@dataclasses.dataclass(frozen=True, slots=True)
class ReportClaim:
    """A version that was asked for: what for, by whom and when."""

    key: ReportKey
    request: ReportRequest
    requested_by: str
    requested_at: dt.datetime


_CLAIM = TypeAdapter(ReportClaim)
_MANIFEST = TypeAdapter(ReportManifest)
_FAILURE = TypeAdapter(ReportFailure)
_SOURCE = TypeAdapter(SourceMark)


@dataclasses.dataclass(frozen=True, slots=True)
class ReportRecords:
    """The records in the *folder* of one version, each as an object that may be absent."""

    objects: ObjectStore
    folder: str

    @classmethod
    def of(cls, objects: ObjectStore, key: ReportKey) -> "ReportRecords":
        return cls(objects, keys.report_version(key))

    @property
    def claim(self) -> JsonObject[ReportClaim]:
        return JsonObject(self.objects, f"{self.folder}{CLAIM}", _CLAIM)

    @property
    def started(self) -> str:
        """The key of the empty object that says that somebody makes the version."""
        return f"{self.folder}{STARTED}"

    @property
    def deleted(self) -> str:
        """The key of the empty object that says that the report was deleted when this was its last version."""
        return f"{self.folder}{DELETED}"

    @property
    def manifest(self) -> JsonObject[ReportManifest]:
        return JsonObject(self.objects, f"{self.folder}{MANIFEST}", _MANIFEST)

    @property
    def failure(self) -> JsonObject[ReportFailure]:
        return JsonObject(self.objects, f"{self.folder}{FAILURE}", _FAILURE)

    @property
    def source(self) -> JsonObject[SourceMark]:
        return JsonObject(self.objects, f"{self.folder}{SOURCE}", _SOURCE)
