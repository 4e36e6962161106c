"""Runs that nobody could start in time: the newest of a schedule does the work of all."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.states import Cancelled

_SKIPPED = "A later run of the same schedule does its work."


async def skip_all_but_the_newest(
    found: Sequence[WorkerFlowRunResponse], *, client: PrefectClient, now: dt.datetime
) -> list[WorkerFlowRunResponse]:
    """The runs to start of those *found*. The others are cancelled as *Skipped*.

    Skipped is what a schedule made, while a later run with the same parameters is due by *now* too. What a person
    has started is always run.
    """
    due = defaultdict[tuple[UUID | None, str], list[WorkerFlowRunResponse]](list)
    for each in found:
        if each.flow_run.auto_scheduled and _expected(each) <= now:
            due[each.flow_run.deployment_id, json.dumps(each.flow_run.parameters, default=str)].append(each)
    newest = {max(runs, key=_expected).flow_run.id for runs in due.values()}
    skipped = {each.flow_run.id for runs in due.values() for each in runs} - newest
    for run_id in skipped:
        await client.set_flow_run_state(run_id, Cancelled(name="Skipped", message=_SKIPPED), force=True)
    return [each for each in found if each.flow_run.id not in skipped]


def _expected(each: WorkerFlowRunResponse) -> dt.datetime:
    return each.flow_run.expected_start_time or dt.datetime.max.replace(tzinfo=dt.UTC)
