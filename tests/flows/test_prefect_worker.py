"""Prefect's own commands suffice: `prefect deploy` brings a deployment, `prefect worker start` runs it.

In production workers of any type may stand where `signtally up` has the warm one; over PostgreSQL, as there.
"""

import contextlib
import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signtally.local.prefect_api import PrefectApi
from signtally.local.stack import WORK_POOL
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from tests.support.cloud_event_messages import event
from tests.support.commands import names_of

ROOT = Path(__file__).parents[2]
PREFECT = Path(sys.executable).with_name("prefect")
TIMEOUT_SECONDS = 300  # on a busy machine; alone it takes ten


@pytest.fixture
def pool(prefect_server: None) -> Iterator[PrefectApi]:
    """The pool that `prefect.yaml` names, of Prefect's own type, with nothing deployed to it yet."""
    del prefect_server
    with contextlib.closing(PrefectApi(os.environ["PREFECT_API_URL"])) as prefect:
        prefect.send("POST", "/work_pools/", {"name": WORK_POOL, "type": "process"})
        yield prefect
        for deployment in deployments(prefect):
            prefect.send("DELETE", f"/deployments/{deployment['id']}")
        prefect.send("DELETE", f"/work_pools/{WORK_POOL}")


def test_a_deployment_runs_under_prefects_own_worker(pool: PrefectApi, real_services: Services) -> None:
    now = real_services.clock()
    real_services.queue.send([OutgoingMessage(json.dumps(event(time=now.isoformat())))])
    environment = os.environ | names_of(real_services.settings)
    command(environment, "--no-prompt", "deploy", "--name", "ingest")
    assert [each["name"] for each in deployments(pool)] == ["ingest"]
    run = pool.start("ingest/ingest", {"consumers": 1, "time_budget_seconds": 30})
    command(environment, "worker", "start", "--pool", WORK_POOL, "--type", "process", "--limit", "1", "--run-once")
    ended = pool.send("GET", f"/flow_runs/{run['id']}")
    assert ended["state_type"] == "COMPLETED", ended["state"]
    second = dt.timedelta(seconds=1)
    assert real_services.usage_store.has_events(since=now - second, until=now + second, tenant_ids=["acme"])


def deployments(prefect: PrefectApi) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = prefect.send(
        "POST", "/deployments/filter", {"work_pools": {"name": {"any_": [WORK_POOL]}}}
    )
    return found


def command(environment: dict[str, str], *arguments: str) -> None:
    ran = subprocess.run(
        [PREFECT, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
