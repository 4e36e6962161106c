"""Reports ordered from Prefect, over its REST API: importing Prefect itself would cost the API seconds and 100 MB."""

import functools
import os

import httpx

from signtally.domain.reports import ReportRequest
from signtally.ports.report_queue import ReportQueueUnavailableError

DEPLOYMENT = "report/report"  # flow and deployment name, as in prefect.yaml
_TIMEOUT_SECONDS = 5


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
            answer = self._client.post(f"/deployments/{self._deployment_id}/create_flow_run", json=run)
            answer.raise_for_status()
        except httpx.HTTPStatusError as error:
            raise ReportQueueUnavailableError(
                f"Prefect at {self._api_url} refused the order ({error.response.status_code}): "
                f"is {DEPLOYMENT} deployed (`prefect deploy --all`)?"
            ) from error
        except httpx.HTTPError as error:
            raise ReportQueueUnavailableError(
                f"no Prefect server answers at {self._api_url} ({error}): start it, or run `signtally up`"
            ) from error
        return str(answer.json()["name"])

    @functools.cached_property
    def _deployment_id(self) -> str:
        answer = self._client.get(f"/deployments/name/{DEPLOYMENT}")
        answer.raise_for_status()
        return str(answer.json()["id"])
