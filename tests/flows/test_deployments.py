"""Every deployment, entrypoint and schedule, pinned: a change here is a change in production."""

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow

import flows
from signtally.local.stack import WORK_POOL, prefect_files

_EVERY_MINUTE = ("every-minute", "* * * * *", "UTC")
DEPLOYMENTS = {
    # name: (entrypoint, work pool, concurrency limit, schedules)
    "ingest": ("flows.ingest:ingest", WORK_POOL, 1, [_EVERY_MINUTE]),
    "aggregate": ("flows.aggregate:aggregate", WORK_POOL, 1, [("every-minute-at-half", 60, "UTC")]),
    "reconcile": ("flows.reconcile:reconcile", WORK_POOL, 1, [("every-night", "15 2 * * *", "UTC")]),
    "rebuild": ("flows.rebuild:rebuild", WORK_POOL, 1, []),
    "report": ("flows.report:report", WORK_POOL, 8, []),
    "scheduled-reports": (
        "flows.scheduled_reports:scheduled_reports",
        WORK_POOL,
        1,
        [("every-quarter-of-an-hour", "*/15 * * * *", "UTC")],
    ),
    "digests": ("flows.digests:digests", WORK_POOL, 1, [("every-quarter-of-an-hour", "5,20,35,50 * * * *", "UTC")]),
    "send-digest": ("flows.send_digest:send_digest", WORK_POOL, 8, []),
    "mail-events": ("flows.mail_events:mail_events", WORK_POOL, 1, [("every-five-minutes", "3-59/5 * * * *", "UTC")]),
    "dead-letters": ("flows.dead_letters:dead_letters", WORK_POOL, 1, [("every-hour", "50 * * * *", "UTC")]),
    "erasures": ("flows.erasures:erasures", WORK_POOL, 1, [("every-hour", "25 * * * *", "UTC")]),
    "retention": ("flows.retention:retention", WORK_POOL, 1, [("every-night", "40 3 * * *", "UTC")]),
    "replay-dead-letters": ("flows.replay_dead_letters:replay_dead_letters", WORK_POOL, 1, []),
    "import-history": ("flows.import_history:import_history", WORK_POOL, 1, []),
}
DEMO_DEPLOYMENTS: dict[str, Any] = {"demo-traffic": ("flows.demo_traffic:demo_traffic", WORK_POOL, 1, [])}
PRODUCTION_FILE, DEMO_FILE = prefect_files()


def deployments_in(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(file.read_text())["deployments"]
    return found


def deployments() -> list[dict[str, Any]]:
    return deployments_in(PRODUCTION_FILE) + deployments_in(DEMO_FILE)


@pytest.mark.parametrize(("file", "pinned"), [(PRODUCTION_FILE, DEPLOYMENTS), (DEMO_FILE, DEMO_DEPLOYMENTS)])
def test_deployments_are_as_pinned(file: Path, pinned: dict[str, Any]) -> None:
    assert {each["name"]: _pin(each) for each in deployments_in(file)} == pinned


def test_every_flow_is_deployed() -> None:
    """But the one that its own program runs, for as long as that lasts."""
    modules = {f"flows.{module.name}" for module in pkgutil.iter_modules(flows.__path__)} - {"flows.report_orders"}
    assert {each["entrypoint"].partition(":")[0] for each in deployments()} == modules


@pytest.mark.parametrize("deployment", deployments(), ids=lambda each: each["name"])
def test_an_entrypoint_is_a_flow_that_takes_the_parameters_and_bears_its_deployments_name(
    deployment: dict[str, Any],
) -> None:
    module, _, name = deployment["entrypoint"].partition(":")
    flow = getattr(importlib.import_module(module), name)
    assert isinstance(flow, Flow)
    assert flow.name == deployment["name"]
    assert set(deployment.get("parameters", {})) <= set(flow.parameters.properties)
    assert deployment["description"]
    assert "signtally" in deployment["tags"]


def _pin(deployment: dict[str, Any]) -> tuple[str, str, int | None, list[tuple[str, str | int, str]]]:
    limit = deployment.get("concurrency_limit")
    return (
        deployment["entrypoint"],
        deployment["work_pool"]["name"],
        limit["limit"] if isinstance(limit, dict) else limit,
        [
            (each["slug"], each.get("cron") or each["interval"], each["timezone"])
            for each in deployment.get("schedules", [])
        ],
    )
