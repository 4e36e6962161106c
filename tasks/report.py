"""The making of one report, as a task."""

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportKey, ReportManifest, ReportRequest, ordered_formats
from signtally.render import files
from signtally.stores.tenants import Tenants
from signtally.use_cases import reporting
from tasks.retrying import passing_trouble
from tasks.services import services


@task(
    retries=2,
    retry_delay_seconds=exponential_backoff(1),
    retry_condition_fn=passing_trouble,
    cache_policy=NO_CACHE,
)
def make_report(request: ReportRequest, version: int | None) -> ReportManifest:
    """Make the version that was claimed for this request; without one, claim the next when figures have changed."""
    if version is None:
        return reporting.report_now(request, requested_by="operator", services=services())
    return reporting.make_report(ReportKey(request.tenant_id, request.report_id, version), services=services())


@task(cache_policy=NO_CACHE)
def give_up(request: ReportRequest, version: int, detail: str) -> None:
    """Tell the asker that the version will not come."""
    key = ReportKey(request.tenant_id, request.report_id, version)
    reporting.fail_report(key, detail, services=services())


def read_request(tenant_id: str, period: str, formats: list[str], user_ids: list[str] | None) -> ReportRequest:
    """The request that these parameters spell; raise PeriodError or ValueError with a sentence for a person."""
    tenant = Tenants(services().objects).get(tenant_id)
    return ReportRequest(
        tenant_id=tenant_id,
        period=parse_period(period, week_starts_on=tenant.first_weekday),
        formats=ordered_formats(formats),
        user_ids=None if user_ids is None else tuple(sorted(user_ids)),
    )


def warm_up() -> None:
    """Do once what the first report would wait for: clients, fonts, templates."""
    services()
    files.warm_up()
