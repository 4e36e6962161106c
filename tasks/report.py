"""Making one report, as a task."""

from signtally.domain.basis import Basis
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportManifest, ReportRequest, ordered_formats
from signtally.use_cases import reporting
from tasks.service_tasks import service_task
from tasks.services import services


@service_task(retries=2, first_delay_seconds=1)
def make_report(  # noqa: PLR0913 -- the fields of the flow's form
    tenant_id: str, period: str, formats: list[str], user_ids: list[str] | None, basis: Basis, *, all_users: bool
) -> ReportManifest:
    """Make the next version when the figures have changed since the last."""
    tenant = services().stores.tenants.get(tenant_id)
    request = ReportRequest(
        tenant_id=tenant_id,
        period=parse_period(period, week_starts_on=tenant.first_weekday),
        formats=ordered_formats(formats),
        user_ids=None if user_ids is None else tuple(sorted(user_ids)),
        basis=basis,
        all_users=all_users,
    )
    return reporting.report_now(request, requested_by="operator", services=services())
