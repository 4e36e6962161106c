"""Report groups: reports that differ in their formats alone, as one thing with one history."""

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator

from signtally.domain.batches import batched
from signtally.domain.reports import ReportManifest, period_name_of
from signtally.services import Services
from signtally.stores.report_index import IndexEntry
from signtally.stores.report_states import ReportMissingError, ReportState
from signtally.stores.reports import Reports
from signtally.threads import ContextThreads

_READERS = 8
_Kin = tuple[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class ReportGroup:
    """The reports of one group, each in its newest version, the latest ordered first; never empty."""

    name: str
    position: str  # in the listing of groups: that of the report ordered last
    states: tuple[ReportState, ...]
    earlier: ReportManifest | None  # made last with other figures than the newest has; None: there is none


@dataclasses.dataclass(frozen=True, slots=True)
class _Report:
    position: str
    state: ReportState
    made: tuple[ReportManifest, ...]  # its newest whole version, and its newest with other figures than that


def report_groups(  # noqa: PLR0913 -- by name
    tenant_id: str,
    *,
    user_ids: tuple[str, ...] | None,
    after: str | None,
    at_once: int,
    services: Services,
    period: str | None = None,
) -> Iterator[ReportGroup]:
    """A tenant's groups, the latest ordered first, from behind a position; with *user_ids*, those narrowed to them.

    With the name of a *period*, those about it. As many as *at_once* are read at a time, and no further than is asked
    for. Raises ServiceError.
    """
    archive, now = services.stores.reports, services.clock()
    entries = _about(period, archive.requested(tenant_id, user_ids=user_ids))
    kin = _by_kin(entries)
    read: dict[_Kin, list[ReportGroup]] = {}
    behind = [entry for entry in entries if after is None or entry.position > after]
    with ContextThreads(_READERS) as pool:
        for some in batched(behind, at_once):
            unread = sorted({entry.kin for entry in some} - read.keys())
            found = pool.map(lambda each: _groups_of(kin[each], archive, now=now), unread)
            read |= dict(zip(unread, found, strict=True))
            for entry in some:
                yield from (group for group in read[entry.kin] if group.position == entry.position)


def report_group(tenant_id: str, name: str, *, user_ids: tuple[str, ...] | None, services: Services) -> ReportGroup:
    """One group by its name. Raises ReportMissingError when it has no report, ServiceError."""
    archive, now = services.stores.reports, services.clock()
    for entries in _by_kin(_akin(tenant_id, name, user_ids=user_ids, archive=archive)).values():
        for group in _groups_of(entries, archive, now=now):
            if group.name == name:
                return group
    raise ReportMissingError(f"no group {name} of reports")


def group_versions(
    tenant_id: str, name: str, *, user_ids: tuple[str, ...] | None, after: str | None, services: Services
) -> Iterator[tuple[str, ReportState]]:
    """Every version of every report of a group with its position, the latest ordered first, from behind a position."""
    archive, now = services.stores.reports, services.clock()
    for entry in _akin(tenant_id, name, user_ids=user_ids, archive=archive, after=after):
        state = archive.state_of(entry, now=now)
        if state is not None and state.claim.request.group == name:
            yield entry.position, state


def _akin(
    tenant_id: str, name: str, *, user_ids: tuple[str, ...] | None, archive: Reports, after: str | None = None
) -> Iterator[IndexEntry]:
    return iter(_about(period_name_of(name), archive.requested(tenant_id, user_ids=user_ids, after=after)))


def _about(period: str | None, entries: Iterable[IndexEntry]) -> list[IndexEntry]:
    """Those about a period; with None, all."""
    return [entry for entry in entries if period in {None, period_name_of(entry.key.report_id)}]


def _by_kin(entries: Iterable[IndexEntry]) -> dict[_Kin, list[IndexEntry]]:
    kin: defaultdict[_Kin, list[IndexEntry]] = defaultdict(list)
    for entry in entries:
        kin[entry.kin].append(entry)
    return kin


def _groups_of(entries: list[IndexEntry], archive: Reports, *, now: dt.datetime) -> list[ReportGroup]:
    """The groups among reports that are akin, whose *entries* are given, the latest ordered first."""
    by_id: defaultdict[str, list[IndexEntry]] = defaultdict(list)
    for entry in entries:
        by_id[entry.key.report_id].append(entry)
    groups: defaultdict[str, list[_Report]] = defaultdict(list)
    for of_one in by_id.values():
        report = _report(of_one, archive, now=now)
        if report is not None:
            groups[report.state.claim.request.group].append(report)
    return [_group(name, sorted(reports, key=lambda each: each.position)) for name, reports in groups.items()]


def _report(entries: list[IndexEntry], archive: Reports, *, now: dt.datetime) -> _Report | None:
    """A report in its newest version; None when it was deleted or withdrawn."""
    key = entries[0].key
    folder = archive.folder(key.tenant_id, key.report_id)
    state = archive.newest_in(folder, now=now)
    position = next((each.position for each in entries if state and each.key == state.claim.key), None)
    if state is None or position is None:
        return None
    if state.manifest is not None and len(folder.versions) == 1:
        return _Report(position, state, (state.manifest,))
    made = archive.manifests_in(folder)
    newest = next(made, None)
    other = next((each for each in made if newest and each.fingerprint != newest.fingerprint), None)
    return _Report(position, state, tuple(filter(None, (newest, other))))


def _group(name: str, reports: list[_Report]) -> ReportGroup:
    oldest_first = [each for report in reversed(reports) for each in reversed(report.made)]
    made = sorted(oldest_first, key=lambda each: each.made_at)
    other = (each for each in reversed(made) if each.fingerprint != made[-1].fingerprint)
    return ReportGroup(name, reports[0].position, tuple(report.state for report in reports), next(other, None))
