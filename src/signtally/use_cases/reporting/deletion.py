"""Deleting a report: all versions with their files, and its entries in the index. The audit trail keeps that it was."""

from signtally.domain.reports import ReportStatus
from signtally.errors import SigntallyError
from signtally.services import Services
from signtally.stores.report_states import ReportMissingError


class ReportInWorkError(SigntallyError):
    """A version is being made: it would be back a moment after its report was deleted."""


def delete_report(tenant_id: str, report_id: str, *, services: Services) -> int:
    """Delete a report for good and return how many versions it had; ordered again, it goes on with the next number.

    Raises ReportMissingError when there is none, ReportInWorkError while a version waits or is being made, and a
    ServiceError when the bucket does not answer: then some of it may be left, and the same call deletes the rest.
    """
    reports = services.stores.reports
    folder = reports.folder(tenant_id, report_id)
    if not folder.versions:
        raise ReportMissingError(f"no report {report_id}")
    states = reports.states(tenant_id, report_id, folder.versions[-1:], now=services.clock())
    if any(state.status in {ReportStatus.PENDING, ReportStatus.RUNNING} for state in states):
        raise ReportInWorkError(f"report {report_id} is being made")
    reports.delete(folder)
    return len(folder.versions)
