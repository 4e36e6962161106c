"""Making the files of a report's versions. A report that is up to date is not made again."""

import functools
import hashlib
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from signtally.domain.basis import Basis
from signtally.domain.erased_figures import names_erased
from signtally.domain.operator_events import report_restated
from signtally.domain.periods import FuturePeriodError, end_of_day
from signtally.domain.report_failures import FailureCode, FailureReason, ReportFailure
from signtally.domain.reports import ReportFile, ReportKey, ReportManifest, ReportRequest
from signtally.domain.snapshot import ReportIdentity, UsageSnapshot
from signtally.domain.tenants import TenantProfile
from signtally.measurements import REPORT_SECONDS, timed
from signtally.ports.errors import ServiceError, ServiceUnavailableError
from signtally.render.files import key_name
from signtally.render.process_pool import RenderLimitError
from signtally.services import Services
from signtally.stores.report_records import ReportClaim
from signtally.stores.report_states import ReportMissingError, ReportState
from signtally.use_cases.figures import Sources, look_digest, source_mark
from signtally.use_cases.reporting.finding import find_or_claim, in_progress, up_to_date
from signtally.use_cases.reporting.version_diff import changes_since_predecessor, day_totals, user_figures

_SERVICE_AWAY, _FAILED = FailureReason(FailureCode.SERVICE_AWAY), FailureReason(FailureCode.FAILED)


def report_now(request: ReportRequest, *, requested_by: str, services: Services) -> ReportManifest:
    """Make the report in this process, unless a version is up to date. Raises what `make_report` raises.

    A version that another process is making is made here too, rather than a further one: the first to finish
    publishes it.
    """
    return _made_now(request, requested_by=requested_by, services=services)[0]


def report_with_figures(
    request: ReportRequest, *, requested_by: str, services: Services, tenant: TenantProfile | None = None
) -> tuple[ReportManifest, UsageSnapshot]:
    """The same with the figures as they are now, read once: those of the report, unless another process made it.

    *tenant* is the profile if it was just read.
    """
    manifest, sources = _made_now(request, requested_by=requested_by, services=services, tenant=tenant)
    return manifest, sources.snapshot


def _made_now(
    request: ReportRequest, *, requested_by: str, services: Services, tenant: TenantProfile | None = None
) -> tuple[ReportManifest, Sources]:
    at_once = services.at(services.clock())  # of the figures and of what is made from them
    tenant = tenant or services.stores.tenants.get(request.tenant_id)
    sources = Sources(tenant, request, services=at_once)
    finders = (functools.partial(up_to_date, sources=sources), in_progress)
    found = find_or_claim(request, finders, requested_by=requested_by, services=at_once, tenant=tenant)
    if isinstance(found, ReportState) and found.manifest:
        return found.manifest, sources
    claim = found.claim if isinstance(found, ReportState) else found
    try:
        return _made(claim, services=at_once, sources=sources), sources
    except ServiceError:  # nobody will retry this version
        fail_report(claim.key, _SERVICE_AWAY, services=services)
        raise


def make_report(key: ReportKey, *, services: Services) -> ReportManifest:
    """Make the files of a claimed version; a finished one stays as it is.

    Raises ReportMissingError when it was never claimed, and a ServiceError when a service is down: call again. After
    any other error the version has failed, and the person who asked for it is told why.
    """
    state = services.stores.reports.state(key, now=services.clock())
    if state.manifest is not None:
        return state.manifest
    sources = Sources(services.stores.tenants.get(key.tenant_id), state.claim.request, services=services)
    return _made(state.claim, services=services, sources=sources)


def _made(claim: ReportClaim, *, services: Services, sources: Sources) -> ReportManifest:
    """As `make_report`, of a claim that was not finished when it was read, from its sources."""
    reports, key = services.stores.reports, claim.key
    reports.start(key)
    try:
        with timed(REPORT_SECONDS):
            manifest = _make(claim, services=services, sources=sources)
    except ServiceError:
        raise
    except FuturePeriodError:
        fail_report(key, FailureReason(FailureCode.NOT_BEGUN), services=services)
        raise
    except RenderLimitError as error:
        fail_report(key, error.reason, services=services)
        raise
    except Exception:
        fail_report(key, _FAILED, services=services)
        raise
    _require_claim(key, services=services)
    if not reports.finish(manifest):  # another process was faster, and what it published stays
        return reports.state(key, now=services.clock()).manifest or manifest
    _require_nameless(key, sources.snapshot, services=services)
    if _is_restated(manifest):
        services.tell(report_restated(key))
    return manifest


def _is_restated(manifest: ReportManifest) -> bool:
    """Whether it says something else than the version before it, which was made after the period had ended."""
    changes = manifest.changes
    if changes is None or changes.since_made_at < end_of_day(manifest.period.last, ZoneInfo(manifest.timezone)):
        return False
    return bool(changes.measures or changes.changed_days or changes.changed_users)


def _require_claim(key: ReportKey, *, services: Services) -> None:
    """Raises ReportMissingError when the claim was withdrawn meanwhile: nobody waits for this version any more."""
    try:
        services.stores.reports.read_claim(key)
    except ReportMissingError:
        services.stores.reports.discard(key)
        raise


def _require_nameless(key: ReportKey, snapshot: UsageSnapshot, *, services: Services) -> None:
    """Raises ServiceUnavailableError when the version names somebody who was erased meanwhile: its files are gone then.

    After it was published: an erasure that begins later finds it there.
    """
    erased = services.stores.erasures.users()
    if erased and names_erased(snapshot, erased):
        services.stores.report_contents.forget(key)
        raise ServiceUnavailableError(f"a user was erased while report {key.report_id} was made; make it again")


def fail_report(key: ReportKey, reason: FailureReason, *, services: Services) -> None:
    """Record that a version will not be finished, and why; a finished one stays ready."""
    services.stores.reports.fail(key, ReportFailure.of(reason, failed_at=services.clock()))


def _make(claim: ReportClaim, *, services: Services, sources: Sources) -> ReportManifest:
    request, made_at = claim.request, services.clock()
    tenant, snapshot = sources.tenant, sources.snapshot
    said, fingerprint = user_figures(snapshot.users), snapshot.fingerprint
    changes = changes_since_predecessor(claim.key, snapshot, said, services=services)
    identity = ReportIdentity(claim.key.report_id, claim.key.version, made_at, changes)
    if request.user_ids is None and request.basis is Basis.ACTIVITY:
        # Before the version is published: any change from now on is a restatement.
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
        fingerprint=fingerprint,
        day_totals=day_totals(snapshot),
        user_figures=services.stores.user_figures.put(claim.key, said, fingerprint=fingerprint),
        changes=changes,
        look=look_digest(tenant, request),
        source=source_mark(sources.digest, snapshot),
        requested_by=claim.requested_by,
        requested_at=claim.requested_at,
        files=tuple(_file(name, snapshot, identity, claim.key, services=services) for name in request.formats),
    )


def _file(
    name: str, snapshot: UsageSnapshot, identity: ReportIdentity, key: ReportKey, *, services: Services
) -> ReportFile:
    """Render and store one file, named after its content: a process at work on the same version does no harm."""
    rendered = services.renderer(name, snapshot, identity)
    sha256 = hashlib.sha256(rendered.body).hexdigest()
    path = PurePosixPath(key_name(name))
    stored = services.stores.reports.put_file(
        key, f"{path.stem}-{sha256[:12]}{path.suffix}", rendered.body, content_type=rendered.content_type
    )
    return ReportFile(name, stored, rendered.filename, len(rendered.body), sha256)
