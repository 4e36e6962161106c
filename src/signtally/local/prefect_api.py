"""Prefect over its REST API: importing Prefect itself would cost the commands seconds."""

import time
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx

_TIMEOUT_SECONDS = 10
_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
_PAUSES_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.6)


class PrefectApi:
    """One Prefect server, until it is closed; methods raise httpx.HTTPError."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS)

    def close(self) -> None:
        self._client.close()

    def send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 -- JSON
        """Send as Prefect's own client does: a server whose database is busy says 503, and is asked again."""
        for pause_seconds in (*_PAUSES_SECONDS, None):
            answer = self._client.request(method, path, json=body)
            if answer.status_code not in _BUSY or pause_seconds is None:
                break
            time.sleep(pause_seconds)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def start(self, deployment: str, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 -- JSON
        """Start one run of a deployment `flow/name`, however often the request has to be repeated."""
        deployment_id = self.send("GET", f"/deployments/name/{deployment}")["id"]
        run = {"parameters": dict(parameters), "idempotency_key": uuid.uuid4().hex}
        return self.send("POST", f"/deployments/{deployment_id}/create_flow_run", run)
