"""A stored report as the API shows it."""

import dataclasses
from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import quote

from fastapi import Depends, Request
from pydantic import Field

from signtally.api.audit_recording import Audit, AuditRecorder
from signtally.api.auth import Caller, CurrentUser
from signtally.api.change_documents import VersionChangesDocument
from signtally.api.context import ServicesDep
from signtally.api.documents import FailureReasonDocument, Measures, Report, ReportFileLink, ReportFilters, ReportLinks
from signtally.domain.audit import AuditAction
from signtally.domain.basis import Basis
from signtally.domain.periods import PeriodKind
from signtally.domain.report_failures import ReportFailure
from signtally.domain.reports import ReportRequest, ReportStatus
from signtally.ports.errors import ServiceError
from signtally.services import Services
from signtally.stores.report_states import ReportState
from signtally.use_cases.ordering import orders_ahead
from signtally.use_cases.reporting import file_link

if TYPE_CHECKING:
    from signtally.domain.reports import ReportFormat


_CONTENT_LENGTH = 16


def links_of(report: ReportRequest, http: Request) -> ReportLinks:
    """Addresses on this host, below the path under which a proxy may have put it."""
    own = f"{http.scope.get('root_path', '')}/v1/reports/{quote(report.report_id, safe='')}"
    files = {cast("ReportFormat", name): f"{own}/files/{name}" for name in report.formats}
    return ReportLinks(this=own, versions=f"{own}/versions", events=f"{own}/events", files=files)


Urls = Annotated[
    bool, Field(description="Whether `files` come with signed URLs. Who is given them, `GET /v1/audit` says")
]


@dataclasses.dataclass(frozen=True, slots=True)
class ReportAnswers:
    """Shows a caller reports, and records which signed URLs they were given with them."""

    http: Request
    caller: Caller
    services: Services
    audit: AuditRecorder

    def document(self, state: ReportState, *, urls: bool) -> Report:
        """One version; without *urls* its files are named only."""
        report = report_document(state, self.http, services=self.services)
        if not urls:
            bare = [file.model_copy(update={"url": None, "expires_at": None}) for file in report.files]
            return report.model_copy(update={"files": bare})
        if report.files and not getattr(self.http.state, "is_head", False):
            given, version = ", ".join(file.format for file in report.files), str(report.version)
            self.audit.record(
                self.caller, AuditAction.REPORT_LINKED, subject=report.report_id, formats=given, version=version
            )
        return report


def _answers(http: Request, caller: CurrentUser, services: ServicesDep, audit: Audit) -> ReportAnswers:
    return ReportAnswers(http, caller, services, audit)


Answers = Annotated[ReportAnswers, Depends(_answers)]


def report_document(state: ReportState, http: Request, *, services: Services) -> Report:
    request, manifest = state.claim.request, state.manifest
    files = _files(state, services=services)
    gone = {file.format for file in manifest.files} - {file.format for file in files} if manifest else set()
    return Report(
        report_id=request.report_id,
        group=request.group,
        version=state.claim.key.version,
        status=ReportStatus(state.status),
        period=request.period.name,
        first=request.period.first,
        last=manifest.period.last if manifest else request.period.last,
        formats=[cast("ReportFormat", name) for name in request.formats],
        filters=_filters(request),
        locale=request.locale,
        requested_at=state.claim.requested_at,
        requested_by=state.claim.requested_by or None,
        made_at=manifest.made_at if manifest else None,
        data_through=manifest.data_through if manifest else None,
        totals=Measures.of(manifest.totals) if manifest else None,
        content=manifest.fingerprint[:_CONTENT_LENGTH] if manifest else None,
        files=files,
        gone=[cast("ReportFormat", name) for name in request.formats if name in gone],
        changes=VersionChangesDocument.of(manifest.changes) if manifest and manifest.changes else None,
        failure=state.failure.detail if state.failure else None,
        failure_reason=_reason(state.failure),
        orders_ahead=_orders_ahead(state, services=services),
        links=links_of(request, http),
    )


def _reason(failure: ReportFailure | None) -> FailureReasonDocument | None:
    if failure is None or failure.code is None:
        return None
    return FailureReasonDocument(code=failure.code, values=dict(failure.values))


def order_again(report: ReportRequest, http: Request) -> dict[str, object]:
    """How to order this report once more: the address to POST to, and the body."""
    period = report.period
    if period.kind is PeriodKind.RANGE:
        body: dict[str, object] = {"from": str(period.first), "to": str(period.last)}
    else:
        body = {"period": period.name}
    filters = _filters(report)
    body |= {"formats": list(report.formats)} | ({"filters": filters.model_dump(mode="json")} if filters else {})
    body |= {"locale": report.locale} if report.locale else {}
    return {"href": f"{http.scope.get('root_path', '')}/v1/reports", "body": body}


def _orders_ahead(state: ReportState, *, services: Services) -> int | None:
    if state.status is not ReportStatus.PENDING:
        return None
    try:
        return orders_ahead(state.claim.key, services=services)
    except ServiceError:  # the report's own state is known, and matters more
        return None


def _filters(report: ReportRequest) -> ReportFilters | None:
    if report.user_ids is None and report.basis is Basis.ACTIVITY and not report.all_users:
        return None
    user_ids = None if report.user_ids is None else list(report.user_ids)
    return ReportFilters(user_ids=user_ids, basis=report.basis, all_users=report.all_users)


def _files(state: ReportState, *, services: Services) -> list[ReportFileLink]:
    """Those that were stored when the state was read."""
    links: list[ReportFileLink] = []
    if state.manifest is None:
        return links
    for file in state.manifest.files:
        if file.key not in state.stored:
            continue
        url, expires_at = file_link(state.manifest, file.format, services=services, is_seen=True)
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
