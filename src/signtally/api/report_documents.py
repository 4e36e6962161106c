"""A stored report as the API shows it."""

from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from fastapi import Request

from signtally.api.documents import Measures, Report, ReportFileLink, ReportFilters, ReportLinks
from signtally.domain.basis import Basis
from signtally.domain.reports import ReportManifest, ReportRequest, ReportStatus
from signtally.services import Services
from signtally.stores.reports import ReportState
from signtally.use_cases.reporting import file_link

if TYPE_CHECKING:
    from signtally.domain.tenants import ReportFormat


def links_of(report: ReportRequest, http: Request) -> ReportLinks:
    """Addresses on this host, below the path under which a proxy may have put it."""
    own = f"{http.scope.get('root_path', '')}/v1/reports/{quote(report.report_id, safe='')}"
    files = {cast("ReportFormat", name): f"{own}/files/{name}" for name in report.formats}
    return ReportLinks(this=own, versions=f"{own}/versions", files=files)


def report_document(state: ReportState, http: Request, *, services: Services) -> Report:
    request, manifest = state.claim.request, state.manifest
    is_plain = request.user_ids is None and request.basis is Basis.ACTIVITY
    user_ids = None if request.user_ids is None else list(request.user_ids)
    return Report(
        report_id=request.report_id,
        version=state.claim.key.version,
        status=ReportStatus(state.status),
        period=request.period.name,
        first=request.period.first,
        last=manifest.period.last if manifest else request.period.last,
        formats=[cast("ReportFormat", name) for name in request.formats],
        filters=None if is_plain else ReportFilters(user_ids=user_ids, basis=request.basis),
        requested_at=state.claim.requested_at,
        made_at=manifest.made_at if manifest else None,
        data_through=manifest.data_through if manifest else None,
        totals=Measures.of(manifest.totals) if manifest else None,
        files=_files(manifest, services=services) if manifest else [],
        failure=state.failure.detail if state.failure else None,
        links=links_of(request, http),
    )


def _files(manifest: ReportManifest, *, services: Services) -> list[ReportFileLink]:
    links = []
    for file in manifest.files:
        url, expires_at = file_link(manifest, file.format, services=services)
        links.append(
            ReportFileLink(
                format=cast("ReportFormat", file.format),
                url=url,
                expires_at=expires_at,
                bytes=file.size_bytes,
                sha256=file.sha256,
            )
        )
    return links
