"""What runs leave on Prefect's server: enough to go on with, and nothing of a customer's users."""

import datetime as dt
import json
import logging
import threading
from typing import Any, NoReturn
from urllib.parse import quote

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client

import tasks.dead_letters
import tasks.erasures
import tasks.import_history
import tasks.ingest
import tasks.mail_events
import tasks.schedules
from flows.dead_letters import dead_letters
from flows.digests import digests
from flows.erasures import erasures
from flows.import_history import import_history
from flows.ingest import ingest
from flows.mail_events import mail_events
from signtally import measurements
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportKey, ReportRequest
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.tenants import TenantProfile
from signtally.mail_event_queue import MailEventQueue
from signtally.memory.mailer import MemoryMailer
from signtally.memory.queue import MemoryEventQueue
from signtally.metric_lines import MetricLines
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.history import HistoryError
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from signtally.use_cases.delivering import all_deliveries
from signtally.use_cases.delivering.run import DeliveriesFailedError
from signtally.use_cases.due_erasures import ErasuresPendingError
from signtally.use_cases.erasing import erase
from signtally.use_cases.ordering import OrderConsumer, OrderResult, request_report
from signtally.use_cases.pending_work import PendingWork
from tasks.events import emit
from tests.support.fakes import fake_services
from tests.support.log_lines import logged
from tests.support.order_consumers import consume

SECRET = "Zebedee"  # in every name, address and password here
ADDRESS = f"{SECRET}@marked.example"
WHO = (Recipient(email=ADDRESS, user_id="u_17"),)
DAILY = Schedule(name="daily", every="day", at="00:00", formats=("csv",), recipients=WHO)
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
    services = fake_services(
        mailer=MemoryMailer(refused=frozenset({ADDRESS})),
        mail_events=MailEventQueue(MemoryEventQueue(), MemoryEventQueue()),
        tell=emit,
    )
    for shell in (tasks.ingest, tasks.dead_letters, tasks.schedules, tasks.import_history, tasks.mail_events):
        monkeypatch.setattr(shell, "services", lambda: services)
    tomorrow = services.at(services.clock() + dt.timedelta(days=1, hours=1))
    monkeypatch.setattr(tasks.erasures, "services", lambda: tomorrow)
    return services


def test_runs_leave_a_reason_and_no_names(
    services: Services, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    services.stores.tenants.put(TenantProfile(tenant_id="marked", name=SECRET, schedules=(DAILY,)))
    services.stores.watermarks.publish_data_through(services.clock())
    wrapped = json.dumps({"Message": json.dumps(BAD_EVENT)})
    services.queue.send([OutgoingMessage(json.dumps(BAD_EVENT)), OutgoingMessage(wrapped)])
    caplog.set_level(logging.INFO)
    with pytest.raises(DeliveriesFailedError):
        digests()
    bounced(services)
    ingest(consumers=1, time_budget_seconds=5)
    assert dead_letters().total == 2
    with pytest.raises(HistoryError):
        import_history("env:SIGNTALLY_ABSENT")
    with logged("text") as text, logged("json") as log:
        fail_an_order(services)
        erase_in_vain(services)
    assert "has failed" in log.getvalue()
    measured = [measurements.text().decode()]
    MetricLines(measurements.REGISTRY, write=measured.append).tell()

    with get_client(sync_client=True) as client:
        left = {path: newest(client, path, sort=sort) for path, sort in NEWEST_FIRST.items()}
        events = client.request("POST", "/events/filter", json={"limit": 50}).json()["events"]
    assert SECRET not in json.dumps([left, events])
    assert SECRET not in text.getvalue() + log.getvalue() + str(measured)
    assert "bounced" in caplog.text
    printed = capfd.readouterr()
    assert SECRET not in caplog.text + printed.err + printed.out
    oldest_first = reversed(left["artifacts"])  # other tests on this server have left some under the same keys
    failed = {each["key"]: each["data"] for each in oldest_first if str(each["key"]).endswith("-failed")}
    assert "marked / daily" in failed["digests-failed"]
    assert "`signtally digests run`" in failed["digests-failed"]
    assert "SIGNTALLY_ABSENT" in failed["import-history-failed"]
    names = {each["name"].rstrip("0123456789:- ") for each in left["flow_runs"]}
    assert {"digests due by", "dead-letters due by", "import env:SIGNTALLY_ABSENT"} <= names


def bounced(services: Services) -> None:
    """A digest by a flow; it bounces, the next one is deferred, and then a bucket and a profile break."""
    mailer, events = services.mailer, services.mail_events
    assert isinstance(mailer, MemoryMailer)
    assert events is not None
    mailer.refused = frozenset()
    services.stores.tenants.put(TenantProfile(tenant_id="other", name=SECRET, schedules=(DAILY,)))
    assert digests().sent == 1
    (sent,) = (row.delivery for row in all_deliveries(services=services, tenant_id="other"))
    bounce = {
        "bounceType": "Permanent",
        "timestamp": "2026-11-01T07:00:10Z",
        "bouncedRecipients": [{"emailAddress": ADDRESS, "diagnosticCode": f"smtp; 550 no mailbox {ADDRESS}"}],
    }
    body = {"eventType": "Bounce", "mail": {"messageId": sent.message_id, "destination": [ADDRESS]}, "bounce": bounce}
    unknown = {**body, "eventType": "Novelty"}
    events.pair.queue.send([OutgoingMessage(json.dumps(each)) for each in (body, unknown)])
    outcome = mail_events(time_budget_seconds=5)
    assert (len(outcome.bounced), len(outcome.dead_letters)) == (1, 1)
    pending = PendingWork({})
    key = f"deliveries/other/daily/2026-11-27/{quote(ADDRESS, safe='')}.json"
    for error in (ServiceUnavailableError(f"S3 could not serve {key} now"), ValueError(f"{ADDRESS} is no address")):
        with pending.attempt(f"other / daily / {ADDRESS}"):
            raise error


def fail_an_order(services: Services) -> None:
    """Whose error quotes what it was writing."""
    consume(services)
    request_report(ReportRequest("marked", parse_period("2026-10"), ("csv",)), requested_by="u_17", services=services)
    stop = threading.Event()

    def make(_: ReportKey) -> None:
        stop.set()
        raise ValueError(f"no glyph in {ADDRESS} of https://reports:{SECRET}@s3.example/a?X-Amz-Signature={SECRET}")

    assert OrderConsumer(services, make=make).run(stop)[OrderResult.FAILED] == 1


def erase_in_vain(services: Services) -> None:
    """A day later the database cannot be read, and says so at length."""
    erase("marked", "u_17", services=services, emails=[ADDRESS])

    def unreadable(tenant_id: str, user_id: str | None) -> NoReturn:
        del tenant_id, user_id
        raise ServiceUnavailableError(f"the row of {ADDRESS} cannot be read with token={SECRET}")

    services.usage_store.events_with_names = unreadable  # type: ignore[method-assign]
    with pytest.raises(ErasuresPendingError):
        erasures()


def newest(client: SyncPrefectClient, path: str, *, sort: str) -> list[dict[str, Any]]:
    """What is on the server, the newest 200 at most: this test leaves fewer."""
    asked = {"limit": 200, "sort": sort}
    answer = client.request("POST", f"/{path}/filter", json=asked)  # type: ignore[arg-type] # a route of it
    found: list[dict[str, Any]] = answer.raise_for_status().json()
    return found
