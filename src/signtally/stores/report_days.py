"""An index of report versions by UTC day, over all tenants: empty objects whose keys say where the versions are.

Nobody can list the reports of 43,000 tenants each night to find those of one day.
"""

import datetime as dt
from collections.abc import Iterator

from signtally.domain.reports import ReportKey
from signtally.ports.objects import ObjectStore
from signtally.stores import keys

_REPORTS = "reports/"


class ReportDays:
    """Report versions by the UTC day on which they were made."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def note(self, key: ReportKey, *, made_at: dt.datetime) -> None:
        """Note a version before its manifest is written, so that none that is whole is missing."""
        entry = keys.report_version(key).removeprefix(_REPORTS).rstrip("/")
        self._objects.put(f"{_folder(made_at.astimezone(dt.UTC).date())}{entry}", b"")

    def folders(self, day: dt.date) -> Iterator[str]:
        """Where the versions that were made that day lie: `reports/{tenant}/{report}/v{n}/`."""
        folder = _folder(day)
        for found in self._objects.list_objects(folder):
            yield f"{_REPORTS}{found.key.removeprefix(folder)}/"

    def forget_tenant(self, tenant_id: str) -> None:
        """Delete the entries of a tenant's reports."""
        for day in [*self._objects.list_prefixes(keys.REPORT_DAYS)]:
            folder = f"{keys.REPORT_DAYS}{day}/{keys.segment(tenant_id)}/"
            self._objects.delete([found.key for found in self._objects.list_objects(folder)])

    def forget(self, *, before: dt.date) -> None:
        """Delete the entries of all days before this one; the reports stay."""
        for name in [*self._objects.list_prefixes(keys.REPORT_DAYS)]:
            if name < before.isoformat():
                self._objects.delete(found.key for found in self._objects.list_objects(f"{keys.REPORT_DAYS}{name}/"))


def _folder(day: dt.date) -> str:
    return f"{keys.REPORT_DAYS}{day.isoformat()}/"
