"""What is stored of one report: its keys by version, from a single listing."""

import dataclasses
import re
from collections import defaultdict
from collections.abc import Mapping

from signtally.domain.reports import ReportKey
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.report_records import DELETED, MANIFEST

_VERSION = re.compile(r"v([1-9]\d*)", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class ReportFolder:
    """The versions of a report, and the keys that were stored of each when it was listed."""

    tenant_id: str
    report_id: str
    by_version: Mapping[int, frozenset[str]]

    @classmethod
    def listed(cls, objects: ObjectStore, tenant_id: str, report_id: str) -> "ReportFolder":
        """Raises a ServiceError."""
        folder = keys.report_versions(tenant_id, report_id)
        found: defaultdict[int, set[str]] = defaultdict(set)
        for summary in objects.list_objects(folder):
            match = _VERSION.fullmatch(summary.key.removeprefix(folder).partition("/")[0])
            if match is not None:
                found[int(match[1])].add(summary.key)
        return cls(tenant_id, report_id, {version: frozenset(present) for version, present in found.items()})

    @property
    def versions(self) -> list[int]:
        """Oldest first; without one that was deleted."""
        return sorted(version for version, present in self.by_version.items() if not all(map(_is_deletion, present)))

    @property
    def last_number(self) -> int:
        """The highest that a version ever had; 0 when there was none."""
        return max(self.by_version, default=0)

    def key(self, version: int) -> ReportKey:
        return ReportKey(self.tenant_id, self.report_id, version)

    def stored(self, version: int) -> frozenset[str]:
        return self.by_version[version]

    def is_published(self, version: int) -> bool:
        return f"{keys.report_version(self.key(version))}{MANIFEST}" in self.by_version[version]


def _is_deletion(key: str) -> bool:
    return key.endswith(f"/{DELETED}")
