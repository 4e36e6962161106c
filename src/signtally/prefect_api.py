"""Prefect over its REST API: importing Prefect itself would cost the API seconds and 100 MB."""

import functools
import os
import time
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from signtally.domain.reports import ReportRequest
from signtally.ports.report_queue import ReportQueueUnavailableError

# httpx is imported where it is used: it takes as long as boto3, and most commands order nothing.
if TYPE_CHECKING:
    import httpx

REPORT_DEPLOYMENT = "report/report"  # flow and deployment name, as in prefect.yaml
_TIMEOUT_SECONDS = 10
_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
_PAUSES_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.6)


class PrefectApi:
    """One Prefect server; methods raise httpx.HTTPError."""

    def __init__(self, url: str, *, api_key: str | None = None, auth: str | None = None) -> None:
        self.url = url
        self._api_key = api_key
        self._auth = auth

    @classmethod
    def from_environment(cls) -> Self | None:
        """Read Prefect's own variables PREFECT_API_URL, _API_KEY and _API_AUTH_STRING; None without the first."""
        url = os.environ.get("PREFECT_API_URL")
        if not url:
            return None
        return cls(url, api_key=os.environ.get("PREFECT_API_KEY"), auth=os.environ.get("PREFECT_API_AUTH_STRING"))

    @functools.cached_property
    def _client(self) -> "httpx.Client":
        import httpx  # noqa: PLC0415

        headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        basic = httpx.BasicAuth(*self._auth.split(":", 1)) if self._auth and ":" in self._auth else None
        return httpx.Client(base_url=self.url, headers=headers, auth=basic, timeout=_TIMEOUT_SECONDS)

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


class PrefectReportQueue:
    """Creates one run of the deployment `report` an order."""

    def __init__(self, api: PrefectApi | None) -> None:
        self._api = api

    def order(self, request: ReportRequest, *, version: int) -> str:
        if self._api is None:
            raise ReportQueueUnavailableError(
                "no Prefect server is configured: set PREFECT_API_URL or run `signtally up`"
            )
        import httpx  # noqa: PLC0415

        parameters = {
            "tenant_id": request.tenant_id,
            "period": request.period.name,
            "formats": list(request.formats),
            "user_ids": None if request.user_ids is None else list(request.user_ids),
            "basis": str(request.basis),
            "all_users": request.all_users,
            "report_id": request.report_id,
            "version": version,
        }
        try:
            return str(self._api.start(REPORT_DEPLOYMENT, parameters)["name"])
        except httpx.HTTPStatusError as error:
            raise ReportQueueUnavailableError(
                f"Prefect at {self._api.url} refused the order ({error.response.status_code}): "
                f"is {REPORT_DEPLOYMENT} deployed (`prefect deploy --all`)?"
            ) from error
        except httpx.HTTPError as error:
            raise ReportQueueUnavailableError(
                f"no Prefect server answers at {self._api.url} ({error}): start it, or run `signtally up`"
            ) from error
