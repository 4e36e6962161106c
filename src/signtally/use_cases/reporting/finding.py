"""Finding a version of a report that may serve again, or claiming the next one."""

import dataclasses
from collections.abc import Callable, Sequence

from signtally.domain.periods import end_of_day
from signtally.domain.reports import ReportRequest, ReportStatus
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.stores.report_folder import ReportFolder
from signtally.stores.report_records import ReportClaim
from signtally.stores.report_states import ReportState
from signtally.use_cases.figures import Sources, look_digest, source_mark


@dataclasses.dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a report that is asked for; *newest* is its newest version."""

    request: ReportRequest
    tenant: TenantProfile
    folder: ReportFolder
    newest: ReportState


Finder = Callable[[Stored, Services], ReportState | None]


def find_or_claim(  # noqa: PLR0913 -- by name
    request: ReportRequest,
    finders: Sequence[Finder],
    *,
    requested_by: str,
    services: Services,
    tenant: TenantProfile | None = None,
    before_claim: Callable[[], None] = lambda: None,
) -> ReportState | ReportClaim:
    """What the first of the *finders* makes of the newest version, else a claim on the next one.

    *tenant* is the profile if it was just read. *before_claim* may raise: then nothing is claimed. Raises
    FuturePeriodError when the period has not begun there.
    """
    reports = services.stores.reports
    tenant = tenant or services.stores.tenants.get(request.tenant_id)
    request.period.clip(tenant.today(services.clock()))
    while True:
        # Read before looking: if somebody else claims this version in between, the claim fails and we look again.
        folder = reports.folder(request.tenant_id, request.report_id)
        newest = reports.newest_in(folder, now=services.clock())
        if newest is not None:
            stored = Stored(request, tenant, folder, newest)
            for find in finders:
                if (found := find(stored, services)) is not None:
                    return found
        before_claim()
        claim = reports.claim(request, version=folder.last_number + 1, requested_by=requested_by, now=services.clock())
        if claim is not None:
            return claim


def in_progress(stored: Stored, services: Services) -> ReportState | None:
    """The newest version, while it waits or is being made."""
    del services
    return stored.newest if stored.newest.status in {ReportStatus.PENDING, ReportStatus.RUNNING} else None


def up_to_date(stored: Stored, services: Services, sources: Sources | None = None) -> ReportState | None:
    """The newest finished version if it has all its files and a new one, made from *sources*, would say the same.

    While its period may still change, a version also ages: its `data_through` is part of what it says.
    """
    newest = stored.newest
    ready = newest if newest.manifest else services.stores.reports.newest_ready_in(stored.folder)
    if ready is None or not ready.is_whole or _is_aged(ready, stored, services=services):
        return None
    sources = sources or Sources(stored.tenant, stored.request, services=services)
    return ready if _says_what_is_so(ready, sources, services=services) else None


def _is_aged(ready: ReportState, stored: Stored, *, services: Services) -> bool:
    """Whether it was made before its period was over, and not just now."""
    manifest, ended_at = ready.manifest, end_of_day(stored.request.period.last, stored.tenant.zone)
    assert manifest is not None  # noqa: S101 -- it is ready
    is_over = manifest.made_at >= ended_at and manifest.data_through is not None and manifest.data_through >= ended_at
    return not is_over and services.clock() - manifest.made_at >= services.settings.report_reuse


def _says_what_is_so(ready: ReportState, sources: Sources, *, services: Services) -> bool:
    """Whether its figures are those of now: told by its source mark, else by reading them."""
    manifest, digest = ready.manifest, sources.digest
    assert manifest is not None  # noqa: S101 -- it is ready
    if digest is not None and ready.source is not None and ready.source.stands(digest, now=services.clock()):
        return True
    snapshot = sources.snapshot
    if manifest.made_at > snapshot.taken_at:  # from later figures than those that were read ahead
        return True
    if manifest.fingerprint != snapshot.fingerprint or manifest.look != look_digest(sources.tenant, manifest.request):
        return False
    if (mark := source_mark(digest, snapshot)) is not None:
        services.stores.reports.confirm(manifest.key, mark)
    return True
