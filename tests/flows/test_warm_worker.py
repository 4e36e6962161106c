"""The warm worker runs what is scheduled in its pool, in its own process, under a real Prefect server."""

import asyncio
import contextlib
import datetime as dt
import os
import threading
import time
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.client.schemas.sorting import FlowRunSort

from signtally.local.prefect_api import PrefectApi
from warm_worker import WarmWorker
from warm_worker.worker import RUN_LEFT, import_flow

TIMEOUT_SECONDS = 60

_MODULE = """
import os
from prefect import flow

@flow
def tell_process(times: int) -> list[int]:
    return [os.getpid()] * times

@flow
async def fail() -> None:
    raise RuntimeError("on purpose")
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "warm_sample.py").write_text(_MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return "warm_sample"


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize(
    ("name", "parameters", "ends"), [("tell_process", {"times": 2}, "COMPLETED"), ("fail", {}, "FAILED")]
)
def test_a_scheduled_run_runs_here(module: str, name: str, parameters: dict[str, object], ends: str) -> None:
    run = asyncio.run(_run(f"{module}:{name}", parameters))
    assert run.state_type is not None
    assert run.state_type.value == ends
    assert run.infrastructure_pid == f"warm {os.getpid()}", "operators see which worker ran it"
    wait_for_event(RUN_LEFT, run)


@pytest.mark.usefixtures("prefect_server")
def test_after_an_outage_one_run_catches_up(module: str) -> None:
    """The schedule's runs of eight hours are late: the newest runs, the others are skipped."""
    runs = asyncio.run(_caught_up(f"{module}:tell_process"))
    assert len(runs) >= 3
    assert [run.state_name for run in runs] == ["Skipped"] * (len(runs) - 1) + ["Completed"]


def wait_for_event(name: str, run: FlowRun) -> None:
    about = {"event": {"name": [name]}, "resource": {"id": [f"prefect.flow-run.{run.id}"]}, "occurred": {}}
    pause, deadline = threading.Event(), time.monotonic() + TIMEOUT_SECONDS
    with contextlib.closing(PrefectApi(os.environ["PREFECT_API_URL"])) as prefect:
        while not prefect.send("POST", "/events/filter", {"filter": about, "limit": 1})["events"]:
            assert time.monotonic() < deadline
            pause.wait(0.1)


async def _caught_up(entrypoint: str) -> list[FlowRun]:
    flow, pool, hours = import_flow(entrypoint), "pool-caught-up", dt.timedelta(hours=1)
    await _serve_once(pool)
    now = dt.datetime.now(dt.UTC)
    schedule = DeploymentScheduleCreate(schedule=IntervalSchedule(interval=2 * hours, anchor_date=now - 7 * hours))
    async with get_client() as client:
        deployment_id = await client.create_deployment(
            flow_id=await client.create_flow(flow),
            name="late",
            work_pool_name=pool,
            entrypoint=entrypoint,
            parameters={"times": 1},
            schedules=[schedule],
        )
        span = {"start_time": (now - 8 * hours).isoformat(), "end_time": now.isoformat()}
        where = {"id": str(deployment_id)}
        answer = await client.request("POST", "/deployments/{id}/schedule", path_params=where, json=span)
        answer.raise_for_status()
        await _serve_once(pool)
        found = DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id]))
        runs = await client.read_flow_runs(deployment_filter=found, sort=FlowRunSort.EXPECTED_START_TIME_ASC)
        return [run for run in runs if run.expected_start_time and run.expected_start_time <= now]


async def _run(entrypoint: str, parameters: dict[str, object]) -> FlowRun:
    flow = import_flow(entrypoint)
    pool = f"pool-{flow.name}"
    await _serve_once(pool)  # nothing is scheduled yet, but the worker makes its pool
    async with get_client() as client:
        deployment_id = await client.create_deployment(
            flow_id=await client.create_flow(flow), name="warm", work_pool_name=pool, entrypoint=entrypoint
        )
        scheduled = await client.create_flow_run_from_deployment(deployment_id, parameters=parameters)
        await _serve_once(pool)
        return await client.read_flow_run(scheduled.id)


async def _serve_once(pool: str) -> None:
    """Ask for work once, and return when what was found has ended."""
    await WarmWorker(pool, name=f"warm {os.getpid()}", limit=2).start(run_once=True)
