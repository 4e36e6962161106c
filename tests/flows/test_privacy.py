"""What runs leave on Prefect's server: enough to go on with, and nothing of a customer's users."""

import json
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client

import tasks.dead_letters
import tasks.import_history
import tasks.ingest
import tasks.schedules
from flows.dead_letters import dead_letters
from flows.digests import digests
from flows.import_history import import_history
from flows.ingest import ingest
from signtally.domain.tenants import Recipient, Schedule, TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.ports.history import HistoryError
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from signtally.use_cases.delivery_run import DeliveriesFailedError
from tasks.events import emit
from tests.support.fakes import fake_services

SECRET = "Zebedee"  # in every name, address and password here
ADDRESS = f"{SECRET}@marked.example"
DAILY = Schedule(name="daily", every="day", at="00:00", formats=("csv",), recipients=(Recipient(email=ADDRESS),))
NEWEST_FIRST = {
    "artifacts": "CREATED_DESC",
    "flow_runs": "START_TIME_DESC",
    "task_runs": "EXPECTED_START_TIME_DESC",
    "logs": "TIMESTAMP_DESC",
}
BAD_EVENT = {"specversion": "1.0", "data": {"tenant_id": "marked", "user_name": SECRET, "user_email": ADDRESS}}


@pytest.fixture
def services(prefect_server: None, monkeypatch: pytest.MonkeyPatch) -> Services:
    del prefect_server
    services = fake_services(mailer=MemoryMailer(refused=frozenset({ADDRESS})), tell=emit)
    for shell in (tasks.ingest, tasks.dead_letters, tasks.schedules, tasks.import_history):
        monkeypatch.setattr(shell, "services", lambda: services)
    return services


def test_runs_leave_a_reason_and_no_names(services: Services) -> None:
    services.stores.tenants.put(TenantProfile(tenant_id="marked", name=SECRET, schedules=(DAILY,)))
    services.stores.watermarks.publish_data_through(services.clock())
    wrapped = json.dumps({"Message": json.dumps(BAD_EVENT)})
    services.queue.send([OutgoingMessage(json.dumps(BAD_EVENT)), OutgoingMessage(wrapped)])
    with pytest.raises(DeliveriesFailedError):
        digests()
    ingest(consumers=1, time_budget_seconds=5)
    assert dead_letters().total == 2
    with pytest.raises(HistoryError):
        import_history("env:SIGNTALLY_ABSENT")

    with get_client(sync_client=True) as client:
        left = {path: newest(client, path, sort=sort) for path, sort in NEWEST_FIRST.items()}
        events = client.request("POST", "/events/filter", json={"limit": 50}).json()["events"]
    assert SECRET not in json.dumps([left, events])
    oldest_first = reversed(left["artifacts"])  # other tests on this server have left some under the same keys
    failed = {each["key"]: each["data"] for each in oldest_first if str(each["key"]).endswith("-failed")}
    assert "marked / daily" in failed["digests-failed"]
    assert "`signtally digests run`" in failed["digests-failed"]
    assert "SIGNTALLY_ABSENT" in failed["import-history-failed"]
    names = {each["name"].rstrip("0123456789:- ") for each in left["flow_runs"]}
    assert {"digests due by", "dead-letters due by", "import env:SIGNTALLY_ABSENT"} <= names


def newest(client: SyncPrefectClient, path: str, *, sort: str) -> list[dict[str, Any]]:
    """What is on the server, the newest 200 at most: this test leaves fewer."""
    asked = {"limit": 200, "sort": sort}
    answer = client.request("POST", f"/{path}/filter", json=asked)  # type: ignore[arg-type] # a route of it
    found: list[dict[str, Any]] = answer.raise_for_status().json()
    return found
