"""One report of one tenant: ordered by the API, or by an operator from the Prefect UI."""

from prefect import flow

from signtally.domain.reports import ReportManifest
from tasks.report import give_up, make_report, read_request
from tasks.summaries import publish_summary


@flow(name="report", flow_run_name="report {period} for {tenant_id}")
def report(
    tenant_id: str,
    period: str,
    formats: list[str] | None = None,
    user_ids: list[str] | None = None,
    version: int | None = None,
) -> None:
    """Make the report of a period such as `2026-10`, `2026-W41` or `2026-10-03_2026-10-17`.

    By hand, leave *version* empty: the next one is made when the figures have changed since the last.
    """
    request = read_request(tenant_id, period, formats or ["pdf", "xlsx", "csv"], user_ids)
    try:
        manifest = make_report(request, version)
    except Exception as error:
        if version is not None:
            give_up(request, version, str(error))
        raise
    _publish(manifest)


def _publish(manifest: ReportManifest) -> None:
    key = manifest.key
    publish_summary(
        "report",
        [{"format": file.format, "bytes": file.size_bytes, "key": file.key} for file in manifest.files],
        description=(
            f"{key.tenant_id}: {key.report_id}, version {key.version}, {manifest.row_count} users, "
            f"{manifest.totals.sent} documents sent"
        ),
    )
