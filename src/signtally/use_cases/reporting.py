"""Reports: ordering them, making their files, linking to them. A report whose figures stand is never made twice."""

import datetime as dt
import hashlib
from pathlib import PurePosixPath

from signtally.domain.basis import Basis
from signtally.domain.periods import FuturePeriodError, end_of_day
from signtally.domain.reports import ReportFile, ReportKey, ReportManifest, ReportRequest, ReportStatus
from signtally.domain.snapshot import ReportIdentity, UsageSnapshot
from signtally.domain.tenants import TenantProfile
from signtally.ports.errors import ServiceError
from signtally.render.files import key_name, render
from signtally.services import Services
from signtally.stores.reports import ReportClaim, ReportFailure, ReportMissingError, ReportState
from signtally.use_cases.report_figures import read_report


def request_report(request: ReportRequest, *, requested_by: str, services: Services) -> ReportState:
    """The version that serves this request: a ready one whose figures stand, one under way, or a new one, ordered.

    Raise FuturePeriodError, ReportQueueUnavailableError or a ServiceError; then nothing was asked for.
    """
    reports = services.stores.reports
    claim = None
    while claim is None:
        # Read before looking: whoever asks in between takes this version, and we look again.
        version = _next_version(request, services=services)
        under_way = _under_way(request, services=services)
        if under_way is not None:
            return under_way
        standing = _standing(request, services=services)
        if standing is not None:
            return reports.state(standing.key, now=services.clock())
        claim = reports.claim(request, version=version, requested_by=requested_by, now=services.clock())
    try:
        services.report_queue.order(request, version=claim.key.version)
    except Exception:
        reports.withdraw(claim)
        raise
    return ReportState(claim, ReportStatus.PENDING)


def report_now(request: ReportRequest, *, requested_by: str, services: Services) -> ReportManifest:
    """Make the report in this process, unless a version exists whose figures stand. Raises as `make_report` does.

    A version that is under way elsewhere is made here too, rather than another one: whoever is first publishes it.
    """
    reports = services.stores.reports
    claim = None
    while claim is None:
        version = _next_version(request, services=services)
        standing = _standing(request, services=services)
        if standing is not None:
            return standing
        under_way = _under_way(request, services=services)
        if under_way is not None:
            claim = under_way.claim
        else:
            claim = reports.claim(request, version=version, requested_by=requested_by, now=services.clock())
    try:
        return make_report(claim.key, services=services)
    except ServiceError:  # nobody will come back to this version
        fail_report(claim.key, "a service that it needs did not answer; ask again", services=services)
        raise


def make_report(key: ReportKey, *, services: Services) -> ReportManifest:
    """Make the files of a version that was asked for; one that is finished stays as it is.

    Raise ReportMissingError when it was never asked for. A ServiceError may pass by: call again. After any other
    error the version has failed, and its asker is told.
    """
    reports = services.stores.reports
    state = reports.state(key, now=services.clock())
    if state.manifest is not None:
        return state.manifest
    reports.start(key)
    try:
        manifest = _make(state.claim, services=services)
    except ServiceError:
        raise
    except FuturePeriodError as error:
        fail_report(key, str(error), services=services)
        raise
    except Exception:
        fail_report(key, "its figures or files could not be made; the operators can see why", services=services)
        raise
    if not reports.finish(manifest):  # a twin was faster, and what it published stays
        return reports.state(key, now=services.clock()).manifest or manifest
    return manifest


def fail_report(key: ReportKey, detail: str, *, services: Services) -> None:
    """Let the asker know that a version will not come; one that is finished stays ready."""
    services.stores.reports.fail(key, ReportFailure(detail, services.clock()))


def file_link(manifest: ReportManifest, format: str, *, services: Services) -> tuple[str, dt.datetime]:  # noqa: A002 -- the API's word
    """A signed URL of one file, and until when it opens. Raise LookupError when there is no file in that format."""
    file = next((file for file in manifest.files if file.format == format), None)
    if file is None:
        raise ReportMissingError(f"report {manifest.key.report_id} was not made as {format}")
    ttl = services.settings.url_ttl
    return services.objects.signed_url(file.key, ttl=ttl, filename=file.filename), services.clock() + ttl


def _under_way(request: ReportRequest, *, services: Services) -> ReportState | None:
    try:
        newest = services.stores.reports.latest(request.tenant_id, request.report_id, now=services.clock())
    except ReportMissingError:  # never asked for, or withdrawn
        return None
    return newest if newest.status in {ReportStatus.PENDING, ReportStatus.RUNNING} else None


def _standing(request: ReportRequest, *, services: Services) -> ReportManifest | None:
    """The newest whole version if it says what would be said now. Raise FuturePeriodError.

    While its period may still change, its `data_through` is part of what it says: then it serves for a while only.
    """
    tenant = services.stores.tenants.get(request.tenant_id)
    request.period.clip(tenant.today(services.clock()))
    manifest = services.stores.reports.latest_manifest(request.tenant_id, request.report_id)
    if manifest is None:
        return None
    snapshot = _figures(tenant, request, services=services)
    if manifest.fingerprint != snapshot.fingerprint:
        return None
    ended_at = end_of_day(request.period.last, tenant.zone)
    is_over = manifest.made_at >= ended_at and manifest.data_through is not None and manifest.data_through >= ended_at
    is_recent = services.clock() - manifest.made_at < services.settings.report_reuse
    return manifest if is_over or is_recent else None


def _figures(tenant: TenantProfile, request: ReportRequest, *, services: Services) -> UsageSnapshot:
    return read_report(tenant, request.period, services=services, user_ids=request.user_ids, basis=request.basis)


def _next_version(request: ReportRequest, *, services: Services) -> int:
    return max(services.stores.reports.versions(request.tenant_id, request.report_id), default=0) + 1


def _make(claim: ReportClaim, *, services: Services) -> ReportManifest:
    request, made_at = claim.request, services.clock()
    tenant = services.stores.tenants.get(request.tenant_id)
    snapshot = _figures(tenant, request, services=services)
    identity = ReportIdentity(claim.key.report_id, claim.key.version, made_at)
    if request.user_ids is None and request.basis is Basis.ACTIVITY:
        # Before the version is published: what changes from now on is a restatement of what it says.
        services.stores.reported_periods.note(tenant.tenant_id, snapshot.period, at=snapshot.taken_at)
    return ReportManifest(
        key=claim.key,
        request=request,
        period=snapshot.period,
        timezone=tenant.timezone,
        made_at=made_at,
        data_through=snapshot.data_through,
        totals=snapshot.totals,
        previous_totals=snapshot.previous_totals,
        row_count=len(snapshot.users),
        fingerprint=snapshot.fingerprint,
        day_totals={day.day: day.counts for day in snapshot.days if any(day.counts.as_tuple())},
        files=tuple(_file(name, snapshot, identity, claim.key, services=services) for name in request.formats),
    )


def _file(
    name: str, snapshot: UsageSnapshot, identity: ReportIdentity, key: ReportKey, *, services: Services
) -> ReportFile:
    """Render and store one file, named after its content: a twin at work on the same version does it no harm."""
    rendered = render(name, snapshot, identity)
    sha256 = hashlib.sha256(rendered.body).hexdigest()
    place = PurePosixPath(key_name(name))
    stored = services.stores.reports.put_file(
        key, f"{place.stem}-{sha256[:12]}{place.suffix}", rendered.body, content_type=rendered.content_type
    )
    return ReportFile(name, stored, rendered.filename, len(rendered.body), sha256)
