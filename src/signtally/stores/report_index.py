"""An index of the reports that a tenant asked for, latest first; a listing of its keys alone answers a page."""

import dataclasses
import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterator

from signtally.domain.reports import ReportKey, period_name_of
from signtally.domain.time_units import MILLISECOND, UNIX_EPOCH
from signtally.ports.objects import ObjectStore
from signtally.stores import keys

_LAST_INSTANT_MS = 10**14 - 1  # counted down from, so that key order is newest first
# Also the form of a position in the listing.
ENTRY = re.compile(r"(?P<left>\d{14})\.(?P<scope>[0-9a-f]{12}|all)\.(?P<report>[\w.~%-]+)\.v(?P<version>\d+)", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class IndexEntry:
    """One version that was asked for, or was about to be: its claim tells, and bears the same instant."""

    position: str  # opaque; entries behind it come later
    key: ReportKey
    requested_at: dt.datetime  # to the millisecond
    scope: str  # which users it is narrowed to, in short

    @property
    def kin(self) -> tuple[str, str]:
        """The same for all reports of a group; reports of several groups may have it in common."""
        return self.scope, period_name_of(self.key.report_id)


class ReportIndex:
    """Report versions of each tenant by the instant of the request, latest first."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def note(self, key: ReportKey, *, user_ids: tuple[str, ...] | None, at: dt.datetime) -> None:
        """Note a version before it is claimed, so that no claimed version is missing."""
        self._objects.put(f"{_folder(key.tenant_id)}{_name(key, user_ids, at)}", b"{}")

    def forget(self, key: ReportKey, *, user_ids: tuple[str, ...] | None, at: dt.datetime) -> None:
        self._objects.delete([f"{_folder(key.tenant_id)}{_name(key, user_ids, at)}"])

    def forget_report(self, tenant_id: str, report_id: str, *, up_to: int) -> None:
        """Delete the entries of a report's versions, *up_to* this one: one listing of the tenant's index."""
        folder = _folder(tenant_id)
        entries = (
            entry
            for entry in self.entries(tenant_id)
            if entry.key.report_id == report_id and entry.key.version <= up_to
        )
        self._objects.delete(f"{folder}{entry.position}" for entry in entries)

    def entries(
        self, tenant_id: str, *, after: str | None = None, user_ids: tuple[str, ...] | None = None
    ) -> Iterator[IndexEntry]:
        """What the tenant asked for, latest first; with *user_ids*, only reports narrowed to exactly those."""
        folder = _folder(tenant_id)
        for summary in self._objects.list_objects(folder, after=f"{folder}{after}" if after else None):
            name = summary.key.removeprefix(folder)
            found = ENTRY.fullmatch(name)
            if found is None or (user_ids is not None and found["scope"] != _scope(user_ids)):
                continue
            key = ReportKey(tenant_id, keys.text_of(found["report"]), int(found["version"]))
            yield IndexEntry(name, key, _instant(_LAST_INSTANT_MS - int(found["left"])), found["scope"])


def milliseconds(instant: dt.datetime) -> int:
    """Whole milliseconds since 1970, as the index keeps instants."""
    return (instant - UNIX_EPOCH) // MILLISECOND


def _instant(since_1970_ms: int) -> dt.datetime:
    return UNIX_EPOCH + dt.timedelta(milliseconds=since_1970_ms)


def _folder(tenant_id: str) -> str:
    return f"{keys.REPORT_INDEX}{keys.segment(tenant_id)}/"


def _name(key: ReportKey, user_ids: tuple[str, ...] | None, at: dt.datetime) -> str:
    left = _LAST_INSTANT_MS - milliseconds(at)
    return f"{left:014}.{_scope(user_ids)}.{keys.segment(key.report_id)}.v{key.version}"


def _scope(user_ids: tuple[str, ...] | None) -> str:
    """A short name for a filter; the claim, which is read anyway, decides who may see a report."""
    return "all" if user_ids is None else hashlib.sha256(json.dumps(user_ids).encode()).hexdigest()[:12]
