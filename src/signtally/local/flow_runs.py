"""Starts flow runs and waits for them over Prefect's REST API."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from signtally.local.prefect_api import PrefectApi
from signtally.local.processes import ChildError

_POLL_SECONDS = 0.5  # each answer takes Prefect's server 20 ms of a processor
_ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


class FlowRuns:
    """One Prefect server, until it is closed; every method raises ChildError when a request or a run fails."""

    def __init__(self, prefect_url: str) -> None:
        self._api = PrefectApi(f"{prefect_url}/api")

    def close(self) -> None:
        self._api.close()

    def set_schedules(self, deployment: str, *, active: bool) -> None:
        """Resume or pause the schedules of a deployment."""
        verb = "resume_deployment" if active else "pause_deployment"
        deployment_id = self._send("GET", f"/deployments/name/{deployment}")["id"]
        self._send("POST", f"/deployments/{deployment_id}/{verb}", {})

    def wait_until_idle(self, deployment: str, *, timeout_seconds: float = 120) -> None:
        """Wait until no run of the deployment is under way: one that was due before the pause may just begin."""
        deadline = time.monotonic() + timeout_seconds
        deployment_id = self._send("GET", f"/deployments/name/{deployment}")["id"]
        under_way = {
            "deployments": {"id": {"any_": [deployment_id]}},
            "flow_runs": {"state": {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING"]}}},
        }
        while self._send("POST", "/flow_runs/filter", under_way):
            if time.monotonic() > deadline:
                raise ChildError(f"a scheduled run of {deployment} has not ended within {timeout_seconds:.0f} s")
            time.sleep(_POLL_SECONDS)

    def run(
        self,
        deployment: str,
        parameters: Mapping[str, object] | None = None,
        *,
        meanwhile: Callable[[], None] = lambda: None,
        timeout_seconds: float = 600,
    ) -> dict[str, Any]:
        """Run a deployment `flow/name` to its end and return the figures of its summary artifact, by name."""
        deadline = time.monotonic() + timeout_seconds
        run_id = self._start(deployment, parameters or {})
        while True:
            run = self._send("GET", f"/flow_runs/{run_id}")
            if run["state_type"] == "CANCELLED" and "concurrency" in (run["state"]["message"] or "").lower():
                run_id = self._start(deployment, parameters or {})  # a scheduled run was busy: ours comes after it
            elif run["state_type"] in _ENDED:
                break
            if time.monotonic() > deadline:
                raise ChildError(f"{deployment} has not ended within {timeout_seconds:.0f} s")
            meanwhile()
            time.sleep(_POLL_SECONDS)
        if run["state_type"] != "COMPLETED":
            raise ChildError(f"{deployment} ended as {run['state_name']}: {run['state']['message']}")
        return self._figures(run_id, key=deployment.split("/", maxsplit=1)[0])

    def _start(self, deployment: str, parameters: Mapping[str, object]) -> str:
        with _reported(deployment):
            return str(self._api.start(deployment, parameters)["id"])

    def _figures(self, run_id: str, *, key: str) -> dict[str, Any]:
        """The figures of the summary artifact, whose key is the flow's name; other artifacts show the progress."""
        found = self._send("POST", "/artifacts/filter", {"flow_runs": {"id": {"any_": [run_id]}}})
        rows = [row for artifact in found if artifact["key"] == key for row in json.loads(artifact["data"])]
        return {row["figure"]: row["value"] for row in rows if "figure" in row}

    def _send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 -- JSON
        with _reported(path):
            return self._api.send(method, path, body)


@contextlib.contextmanager
def _reported(about: str) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise ChildError(f"Prefect did not answer about {about}: {error}") from error
