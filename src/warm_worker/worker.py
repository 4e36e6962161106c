"""The Prefect worker type `warm`."""

import asyncio
import datetime as dt
import functools
import logging
from typing import TYPE_CHECKING, Any

import anyio.abc
from prefect import Flow
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.events import emit_event
from prefect.flow_engine import run_flow
from prefect.flows import load_flow_from_entrypoint
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from warm_worker.catching_up import skip_all_but_the_newest

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

_log = logging.getLogger(__name__)

# Emitted after each run, on the way on which its signs of life went: unlike Prefect's own event of its end, which comes
# from the server, it arrives after all of them. Its resource is the run.
RUN_LEFT = "warm-worker.run.left"


class WarmWorkerResult(BaseWorkerResult):
    """The result of a run in this process; its status code is 0 even when the flow failed, since the worker did not."""


class WarmWorker(BaseWorker[BaseJobConfiguration, BaseVariables, WarmWorkerResult]):
    """Runs each flow run on a thread of its own; imports each flow once, by its deployment's module entrypoint."""

    type = "warm"
    job_configuration = BaseJobConfiguration
    _description = "Execute flow runs inside the worker's own process, within a fraction of a second."
    _display_name = "Warm"

    async def run(
        self,
        flow_run: "FlowRun",
        configuration: BaseJobConfiguration,
        task_status: anyio.abc.TaskStatus[Any] | None = None,
    ) -> WarmWorkerResult:
        del configuration  # there is no infrastructure to configure
        flow = await self._flow_of(flow_run)
        if task_status is not None:
            task_status.started(self.name)
        await asyncio.to_thread(_run, flow, flow_run)
        return WarmWorkerResult(identifier=self.name, status_code=0)

    async def _get_scheduled_flow_runs(self) -> list[WorkerFlowRunResponse]:
        """After an outage each schedule is caught up with by one run, not by all that were missed."""
        found = await super()._get_scheduled_flow_runs()
        return await skip_all_but_the_newest(found, client=self.client, now=dt.datetime.now(dt.UTC))

    async def _flow_of(self, flow_run: "FlowRun") -> Flow[..., Any]:
        if flow_run.deployment_id is None:
            raise ValueError(f"flow run {flow_run.name} has no deployment: the warm worker would not know its code")
        deployment = await self.client.read_deployment(flow_run.deployment_id)
        if deployment.entrypoint is None:
            raise ValueError(f"deployment {deployment.name} has no entrypoint: deploy it from `module:flow`")
        return import_flow(deployment.entrypoint)


@functools.cache
def import_flow(entrypoint: str) -> Flow[..., Any]:
    """Import a flow by its entrypoint `module:flow`; cached for the life of the process."""
    return load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)


def _run(flow: Flow[..., Any], flow_run: "FlowRun") -> None:
    """On a thread of its own. A run that Prefect breaks off is crashed by then; it must not take the worker with it.

    Prefect does so by CancelledError, such as when a server that has started anew knows nothing of the run's slot.
    """
    try:
        outcome: Any = run_flow(flow, flow_run=flow_run, parameters=flow_run.parameters, return_type="state")
        if flow.isasync:
            asyncio.run(outcome)
    except asyncio.CancelledError:
        _log.warning("the run %s was broken off", flow_run.name)
    emit_event(RUN_LEFT, {"prefect.resource.id": f"prefect.flow-run.{flow_run.id}"})
