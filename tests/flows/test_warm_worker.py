"""The warm worker runs what is scheduled in its pool, in its own process, under a real Prefect server."""

import asyncio
import os
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun

from warm_worker import WarmWorker
from warm_worker.worker import import_flow

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
