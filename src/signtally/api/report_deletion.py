"""`DELETE /v1/reports/{id}`: for the tenant's administrators."""

from fastapi import APIRouter, Response

from signtally.api.audit_recording import Audit
from signtally.api.auth import Administrator
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import ServicesDep
from signtally.api.problems import ProblemKind, problem_responses
from signtally.api.reports import ReportId
from signtally.domain.audit import AuditAction
from signtally.use_cases.reporting import deletion

router = APIRouter(prefix="/reports", tags=["reports"], dependencies=[limit_concurrency("others")])


@router.delete(
    "/{report_id}",
    status_code=204,
    response_class=Response,  # an answer without a body has no type
    summary="Delete a report with all its versions",
    responses=problem_responses(ProblemKind.FORBIDDEN, ProblemKind.NOT_FOUND, ProblemKind.NOT_READY),
)
def delete_report(report_id: ReportId, caller: Administrator, services: ServicesDep, audit: Audit) -> None:
    """Its files are gone for good, also behind links in emails; `GET /v1/audit` keeps that it was.

    Ordered again, it is made anew, as the version after its last one. A report that is being made cannot be deleted:
    that is a 409.
    """
    versions = deletion.delete_report(caller.tenant_id, report_id, services=services)
    audit.record(caller, AuditAction.REPORT_DELETED, subject=report_id, versions=str(versions))
