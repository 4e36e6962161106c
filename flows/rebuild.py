"""Daily usage made again from events."""

import datetime as dt

from prefect import flow

from signtally.domain.counted import counted
from signtally.use_cases.rebuilding import Preview, RebuildOutcome
from tasks.failures import explain_failure
from tasks.integrity import preview_rebuild, rebuild_days
from tasks.run_names import days_of_tenant
from tasks.summaries import figures, publish_summary

_SHOWN = 5_000


@flow(name="rebuild", flow_run_name=days_of_tenant, on_failure=[explain_failure], on_crashed=[explain_failure])
def rebuild(
    tenant_id: str | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
    dry_run: bool = False,  # noqa: FBT001, FBT002 -- an operator sees it as a field of the form
) -> RebuildOutcome | Preview:
    """Count the days anew, of one tenant or of all; with *dry_run*, only show what would change."""
    if not dry_run:
        outcome = rebuild_days(tenant_id, first, last)
        publish_summary("rebuild", figures(outcome.as_dict()), description="What this rebuild counted and wrote")
        return outcome
    found = preview_rebuild(tenant_id, first, last)
    rows = [
        {
            "tenant": each.tenant_id,
            "day": each.day.isoformat(),
            "user": each.user_id or "",
            "measure": each.measure,
            "before": each.before,
            "after": each.after,
        }
        for each in found.changes[:_SHOWN]
    ]
    left = len(found.changes) - len(rows)
    description = (
        f"{counted(found.rows, 'row')} would be written; {f'{left} more than shown' if left else 'all are shown'}"
    )
    publish_summary("rebuild-dry-run", rows or [{"tenant": "none"}], description=description)
    return found
