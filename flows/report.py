"""One report of one tenant, made by an operator from the Prefect UI. Orders of the API go to `report-orders`."""

from prefect import flow

from signtally.domain.basis import Basis
from signtally.domain.counted import counted
from signtally.domain.reports import FORMATS
from tasks.failures import explain_failure
from tasks.report import make_report
from tasks.summaries import publish_summary


@flow(
    name="report",
    flow_run_name="report {period} for {tenant_id}",
    on_failure=[explain_failure],
    on_crashed=[explain_failure],
)
def report(  # noqa: PLR0913, PLR0917 -- an operator sees each as a field of the form
    tenant_id: str,
    period: str,
    formats: list[str] | None = None,
    user_ids: list[str] | None = None,
    basis: Basis = Basis.ACTIVITY,
    all_users: bool = False,  # noqa: FBT001, FBT002 -- a tick in the form
) -> None:
    """Make the report of a period such as `2026-10`, `2026-W41` or `2026-10-03_2026-10-17`.

    The next version is made when the figures have changed since the last. On cohort *basis* the documents sent in the
    period are followed to their outcome. *all_users* prints every user, not the most active ones alone.
    """
    manifest = make_report(tenant_id, period, formats or list(FORMATS), user_ids, basis, all_users=all_users)
    key = manifest.key
    publish_summary(
        "report",
        [{"format": file.format, "bytes": file.size_bytes, "key": file.key} for file in manifest.files],
        description=(
            f"{key.tenant_id}: {key.report_id}, version {key.version}, {counted(manifest.row_count, 'user')}, "
            f"{counted(manifest.totals.sent, 'document')} sent"
        ),
    )
