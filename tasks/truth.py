"""Reconciliation and rebuilds, as tasks."""

import datetime as dt
from collections.abc import Callable

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from signtally.use_cases import rebuilding, reconciling
from signtally.use_cases.rebuilding import Preview, RebuildOutcome, RebuildProgress
from signtally.use_cases.reconciling import ReconcileOutcome
from tasks.progress import LiveProgress, ProgressState
from tasks.retrying import passing_trouble
from tasks.services import services


@task(retries=3, retry_delay_seconds=exponential_backoff(10), retry_condition_fn=passing_trouble, cache_policy=NO_CACHE)
def reconcile_days(tenant_id: str | None, first: dt.date | None, last: dt.date | None) -> ReconcileOutcome:
    return reconciling.reconcile(tenant_id=tenant_id, first=first, last=last, services=services())


@task(
    retries=10,  # each goes on where the last one stopped
    retry_delay_seconds=exponential_backoff(10),
    retry_condition_fn=passing_trouble,
    cache_policy=NO_CACHE,
)
def rebuild_days(tenant_id: str | None, first: dt.date | None, last: dt.date | None) -> RebuildOutcome:
    with LiveProgress("rebuild") as live:
        return rebuilding.rebuild(
            tenant_id=tenant_id, first=first, last=last, services=services(), on_progress=_telling(live)
        )


@task(retries=3, retry_delay_seconds=exponential_backoff(10), retry_condition_fn=passing_trouble, cache_policy=NO_CACHE)
def preview_rebuild(tenant_id: str | None, first: dt.date | None, last: dt.date | None) -> Preview:
    return rebuilding.preview(tenant_id=tenant_id, first=first, last=last, services=services())


def _telling(live: LiveProgress) -> Callable[[RebuildProgress], None]:
    def tell(progress: RebuildProgress) -> None:
        if progress.is_worth_a_line:
            get_run_logger().info("%s", progress)
        done = {"counted back to": progress.state.next_day.isoformat(), "tenant days": progress.state.tenant_days}
        rows = [{"figure": name, "value": value} for name, value in {**done, "rows": progress.state.rows}.items()]
        live.show(ProgressState(progress.fraction, str(progress), rows))

    return tell
