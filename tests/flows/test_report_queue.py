"""Reports ordered from a real Prefect server over its REST API."""

import datetime as dt
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL

from flows.report import report
from signtally.domain.periods import period_between
from signtally.domain.reports import ReportRequest
from signtally.ports.report_queue import ReportQueueUnavailableError
from signtally.prefect_api import PrefectApi, PrefectReportQueue

REQUEST = ReportRequest("acme", period_between(dt.date(2026, 10, 3), dt.date(2026, 10, 17)), ("pdf", "csv"), ("ann",))


@pytest.fixture
def api(prefect_server: None) -> PrefectApi:
    del prefect_server
    return PrefectApi(str(PREFECT_API_URL.value()))


@pytest.fixture
def deployed(api: PrefectApi) -> UUID:
    del api
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow(report)
        return client.create_deployment(flow_id=flow_id, name="report", entrypoint="flows.report:report")


def test_an_order_is_a_run_with_what_the_flow_needs(api: PrefectApi, deployed: UUID) -> None:
    name = PrefectReportQueue(api).order(REQUEST, version=3)
    runs = api.send("POST", "/flow_runs/filter", {"deployments": {"id": {"any_": [str(deployed)]}}})
    (run,) = [each for each in runs if each["name"] == name]
    assert run["parameters"] == {
        "tenant_id": "acme",
        "period": "2026-10-03_2026-10-17",
        "formats": ["pdf", "csv"],
        "user_ids": ["ann"],
        "basis": "activity",
        "all_users": False,
        "report_id": REQUEST.report_id,
        "version": 3,
    }
    report.validate_parameters(run["parameters"])


@pytest.mark.usefixtures("deployed")
def test_each_order_is_a_run_of_its_own(api: PrefectApi) -> None:
    queue = PrefectReportQueue(api)
    assert queue.order(REQUEST, version=1) != queue.order(REQUEST, version=1)


def test_without_the_deployment_the_order_says_how_to_make_it(api: PrefectApi) -> None:
    empty = PrefectApi(f"{api.url}/nothing-here")
    with pytest.raises(ReportQueueUnavailableError, match="prefect deploy --all"):
        PrefectReportQueue(empty).order(REQUEST, version=1)


def test_without_a_server_the_order_says_where_it_looked() -> None:
    with pytest.raises(ReportQueueUnavailableError, match=r"no Prefect server answers at http://127\.0\.0\.1:9/api"):
        PrefectReportQueue(PrefectApi("http://127.0.0.1:9/api")).order(REQUEST, version=1)


def test_without_a_configured_server_the_order_says_what_to_set() -> None:
    with pytest.raises(ReportQueueUnavailableError, match="PREFECT_API_URL"):
        PrefectReportQueue(None).order(REQUEST, version=1)
