"""What report versions say of people: their files and user figures. Without them a version is its claim and totals."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from signtally.domain.reports import ReportKey, ReportManifest
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.report_folder import ReportFolder
from signtally.stores.report_records import RECORD_NAMES, ReportRecords
from signtally.threads import ContextThreads

_READERS = 16


class ReportContents:
    """Contents by version. Every method may raise a ServiceError."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def versions(self, tenant_id: str) -> Iterator[tuple[ReportKey, ReportManifest | None]]:
        """The versions with contents, of all reports of a tenant; without a manifest those that were never finished."""
        with ContextThreads(_READERS) as readers:
            found = [*self._with_contents(tenant_id)]
            yield from zip(found, readers.map(self._manifest, found), strict=True)

    def forget(self, key: ReportKey) -> None:
        """Delete the contents of a version; what it was asked for, and its totals, stay."""
        folder = keys.report_version(key)
        found = [each.key for each in self._objects.list_objects(folder)]
        self._objects.delete([each for each in found if _is_content(each)])

    def _with_contents(self, tenant_id: str) -> Iterator[ReportKey]:
        by_report: defaultdict[str, list[str]] = defaultdict(list)
        prefix = keys.tenant_reports(tenant_id)
        for summary in self._objects.list_objects(prefix):
            if _is_content(summary.key):
                by_report[summary.key.removeprefix(prefix).partition("/")[0]].append(summary.key)
        for report in by_report:
            report_id = keys.text_of(report)
            yield from _filled(ReportFolder.listed(self._objects, tenant_id, report_id))

    def _manifest(self, key: ReportKey) -> ReportManifest | None:
        return ReportRecords.of(self._objects, key).manifest.read_sound()


def _filled(folder: ReportFolder) -> Sequence[ReportKey]:
    return [folder.key(version) for version in folder.versions if any(map(_is_content, folder.stored(version)))]


def _is_content(key: str) -> bool:
    return PurePosixPath(key).name not in RECORD_NAMES
