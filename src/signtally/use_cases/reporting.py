"""Reports: making their files, linking to them. A report that is up to date is not made again."""

import dataclasses
import datetime as dt
import functools
import hashlib
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from signtally.domain.basis import Basis
from signtally.domain.erased_figures import names_erased
from signtally.domain.operator_events import report_restated
from signtally.domain.periods import FuturePeriodError, end_of_day
from signtally.domain.report_failures import FailureCode, FailureReason, ReportFailure
from signtally.domain.reports import ReportFile, ReportKey, ReportManifest, ReportRequest, ReportStatus
from signtally.domain.snapshot import ReportIdentity, UsageSnapshot
from signtally.domain.tenants import TenantProfile
from signtally.measurements import REPORT_SECONDS, timed
from signtally.ports.errors import ServiceError, ServiceUnavailableError
from signtally.render.files import key_name, named_after
from signtally.render.process_pool import RenderLimitError
from signtally.services import Services
from signtally.stores.report_folder import ReportFolder
from signtally.stores.report_records import ReportClaim
from signtally.stores.report_states import ReportMissingError, ReportState
from signtally.use_cases.source_marks import Sources, look_digest, source_mark
from signtally.use_cases.version_diff import changes_since_predecessor, day_totals, user_figures

_SERVICE_AWAY, _FAILED = FailureReason(FailureCode.SERVICE_AWAY), FailureReason(FailureCode.FAILED)


@dataclasses.dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a report that is asked for; *newest* is its newest version."""

    request: ReportRequest
    tenant: TenantProfile
    folder: ReportFolder
    newest: ReportState


_Finder = Callable[[Stored, Services], ReportState | None]


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


def file_link(
    manifest: ReportManifest,
    format: str,  # noqa: A002 -- the API's word
    *,
    services: Services,
    is_seen: bool = False,
    about: tuple[str, ...] = (),
) -> tuple[str, dt.datetime]:
    """A signed URL of one file and when it expires; *is_seen* when the caller has just seen that the file is there.

    The first of the names *about*, if any, that a file name can have becomes a part of it.

    Raises ReportMissingError when it was not made in that format, ObjectMissingError when the file is gone since.
    """
    file = next((file for file in manifest.files if file.format == format), None)
    if file is None:
        raise ReportMissingError(f"report {manifest.key.report_id} was not made as {format}")
    ttl = services.settings.url_ttl
    filename = named_after(file.filename, *about) if about else file.filename
    url = services.objects.signed_url(file.key, ttl=ttl, filename=filename, is_seen=is_seen)
    return url, services.clock() + ttl


def only_user(manifest: ReportManifest, *, services: Services) -> tuple[str, ...]:
    """The name, unless it is unknown or erased, and the id of the one user whom a version is about; else nothing."""
    if manifest.request.user_ids is None or len(manifest.request.user_ids) > 1:
        return ()
    (user_id,) = manifest.request.user_ids
    figures = services.stores.user_figures.of(manifest)
    names = [] if figures is None else figures.filter(user_id=user_id)["user_name"].drop_nulls().to_list()
    return (*names, user_id)


def find_or_claim(  # noqa: PLR0913 -- by name
    request: ReportRequest,
    finders: Sequence[_Finder],
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
        version = max(folder.versions, default=0) + 1
        claim = reports.claim(request, version=version, requested_by=requested_by, now=services.clock())
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
