"""Reconciliation and rebuilds, as tasks."""

import datetime as dt
from collections.abc import Callable

from prefect import get_run_logger

from signtally.use_cases import rebuilding, reconciling
from signtally.use_cases.rebuilding import Preview, RebuildOutcome, RebuildProgress
from signtally.use_cases.reconciling import ReconcileOutcome
from tasks.progress import LiveProgress, ProgressState
from tasks.service_tasks import service_task
from tasks.services import services


@service_task()
def reconcile_days(tenant_id: str | None, first: dt.date | None, last: dt.date | None) -> ReconcileOutcome:
    return reconciling.reconcile(tenant_id=tenant_id, first=first, last=last, services=services())


@service_task(retries=10)  # each goes on where the last one stopped
def rebuild_days(tenant_id: str | None, first: dt.date | None, last: dt.date | None) -> RebuildOutcome:
    with LiveProgress("rebuild") as live:
        return rebuilding.rebuild(
            tenant_id=tenant_id, first=first, last=last, services=services(), on_progress=_progress_reporter(live)
        )


@service_task()
def preview_rebuild(tenant_id: str | None, first: dt.date | None, last: dt.date | None) -> Preview:
    return rebuilding.preview(tenant_id=tenant_id, first=first, last=last, services=services())


def _progress_reporter(live: LiveProgress) -> Callable[[RebuildProgress], None]:
    def report_progress(progress: RebuildProgress) -> None:
        if progress.is_worth_a_line:
            get_run_logger().info("%s", progress)
        done = {"counted back to": progress.state.next_day.isoformat(), "tenant days": progress.state.tenant_days}
        rows = [{"figure": name, "value": value} for name, value in {**done, "rows": progress.state.rows}.items()]
        live.show(ProgressState(progress.fraction, str(progress), rows))

    return report_progress
