"""Reports ordered from Prefect, over its REST API: importing Prefect itself would cost the API seconds and 100 MB."""

import functools
import os
import time
from typing import Any

import httpx

from signtally.domain.reports import ReportRequest
from signtally.ports.report_queue import ReportQueueUnavailableError

DEPLOYMENT = "report/report"  # flow and deployment name, as in prefect.yaml
_TIMEOUT_SECONDS = 5
_BUSY = {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE}
_PAUSES_SECONDS = (0.1, 0.2, 0.4, 0.8)


class PrefectReportQueue:
    """Creates one run of the deployment `report` an order; ordering a version twice makes one run."""

    def __init__(self, *, api_url: str | None = None, api_key: str | None = None, auth: str | None = None) -> None:
        self._api_url = api_url
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        basic = httpx.BasicAuth(*auth.split(":", 1)) if auth and ":" in auth else None
        self._client = httpx.Client(base_url=api_url or "", headers=headers, auth=basic, timeout=_TIMEOUT_SECONDS)

    @classmethod
    def from_environment(cls) -> "PrefectReportQueue":
        """Read Prefect's own variables PREFECT_API_URL, PREFECT_API_KEY and PREFECT_API_AUTH_STRING."""
        return cls(
            api_url=os.environ.get("PREFECT_API_URL"),
            api_key=os.environ.get("PREFECT_API_KEY"),
            auth=os.environ.get("PREFECT_API_AUTH_STRING"),
        )

    def order(self, request: ReportRequest, *, version: int) -> str:
        if self._api_url is None:
            raise ReportQueueUnavailableError(
                "no Prefect server is configured: set PREFECT_API_URL or run `signtally up`"
            )
        run = {
            "parameters": {
                "tenant_id": request.tenant_id,
                "period": request.period.name,
                "formats": list(request.formats),
                "user_ids": None if request.user_ids is None else list(request.user_ids),
                "version": version,
            },
            "idempotency_key": f"{request.tenant_id}/{request.report_id}/v{version}",
        }
        try:
            answer = self._send("POST", f"/deployments/{self._deployment_id}/create_flow_run", run)
        except httpx.HTTPStatusError as error:
            raise ReportQueueUnavailableError(
                f"Prefect at {self._api_url} refused the order ({error.response.status_code}): "
                f"is {DEPLOYMENT} deployed (`prefect deploy --all`)?"
            ) from error
        except httpx.HTTPError as error:
            raise ReportQueueUnavailableError(
                f"no Prefect server answers at {self._api_url} ({error}): start it, or run `signtally up`"
            ) from error
        return str(answer["name"])

    @functools.cached_property
    def _deployment_id(self) -> str:
        return str(self._send("GET", f"/deployments/name/{DEPLOYMENT}")["id"])

    def _send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 -- JSON
        """Send as Prefect's own client does: a server whose database is busy says 503, and is asked again."""
        for pause_seconds in (*_PAUSES_SECONDS, None):
            answer = self._client.request(method, path, json=body)
            if answer.status_code not in _BUSY or pause_seconds is None:
                break
            time.sleep(pause_seconds)
        return answer.raise_for_status().json()
