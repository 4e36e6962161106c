"""Each alarm is caused, and its notification read off a socket; the automations behind them are deployed like code."""

import dataclasses
import datetime as dt
import re
import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
from prefect import tags
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events import emit_event
from prefect.states import Pending, Running

import tasks.aggregate
import tasks.ingest
import tasks.schedules
from flows.aggregate import aggregate
from flows.digests import digests
from flows.ingest import ingest
from flows.rebuild import rebuild
from flows.reconcile import reconcile
from signtally.domain.operator_events import bounces_high, mismatch
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportKey, ReportRequest
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.tenants import TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases.delivering.run import DeliveriesFailedError
from signtally.use_cases.ordering import OrderConsumer, OrderResult, request_report
from tasks.alarms import TAG, alarms
from tasks.automations import BLOCK, deploy
from tasks.events import emit
from tests.support.alarm_inbox import TIMEOUT_SECONDS, AlarmInbox
from tests.support.fakes import fake_services
from tests.support.order_consumers import consume
from tests.support.smtp_servers import SmtpServer, listening

SHORTEST = dt.timedelta(seconds=10)  # that Prefect lets an absence be
UNHEARD = dt.timedelta(seconds=15)  # for a sign of life may take some seconds to arrive
ADDRESS = "ann@acme.example"
_LOST = "is Crashed: Its process gave no sign of life"
_UNHEARD = "rebuild: lost is Crashed: Its process died before it gave a sign of life"
EVERY_DAY = Schedule(name="daily", every="day", at="00:00", formats=("csv",), recipients=(Recipient(email=ADDRESS),))


@pytest.fixture
def inbox(prefect_server: None) -> Iterator[AlarmInbox]:
    del prefect_server
    with AlarmInbox() as inbox:
        settings = Settings.model_validate({"alert_url": inbox.url})
        deploy(settings, alarms(silence={"reconcile": SHORTEST}), heartbeat_seconds=4, unheard=UNHEARD)
        yield inbox
        deploy(settings, [], heartbeat_seconds=None)


@pytest.fixture
def services(prefect_server: None, monkeypatch: pytest.MonkeyPatch) -> Services:
    del prefect_server
    services = fake_services(mailer=MemoryMailer(refused=frozenset({ADDRESS})), tell=emit)
    for shell in (tasks.ingest, tasks.aggregate, tasks.schedules):
        monkeypatch.setattr(shell, "services", lambda: services)
    return services


def test_each_alarm_reaches_whom_a_setting_names(inbox: AlarmInbox, services: Services) -> None:
    lost = start_a_run()
    take_a_run()
    give_sign_of_life(lost)
    refuse_a_digest(services)
    services.stores.watermarks.publish_settled_through(services.clock() - dt.timedelta(hours=1))
    aggregate()
    services.queue.send([OutgoingMessage("not JSON")])
    ingest(consumers=1, time_budget_seconds=5)
    fail_an_order(services)
    emit(mismatch("bolt", 3))  # tests/flows/test_proof.py causes one,
    emit(bounces_high(2, 20))  # and tests/unit/test_mail_events.py the other

    inbox.wait_for(
        "Signtally: a run failed or crashed", r"(?s)digests: .* is Failed: .* digests: 1 refused; .*acme / daily"
    )
    inbox.wait_for("Signtally: a digest was not delivered", r"acme / daily / .* \(refused\)")
    inbox.wait_for("Signtally: a profile is broken", "cray is broken")
    inbox.wait_for("Signtally: dead letters grow", "1 message could not be counted .* 1 not-json")
    inbox.wait_for("Signtally: figures are late", "60 minutes ago")
    inbox.wait_for("Signtally: a report was not made", "RuntimeError: no more paper")
    inbox.wait_for("Signtally: too many emails come back", "of 20 emails since yesterday 2 bounced .*, 10%")
    inbox.wait_for("Signtally: a tenant is held", "(?s)bolt .*Look: signtally reconcile --tenant bolt")
    inbox.wait_for("Signtally: a service does not answer", "the mail service is down")
    inbox.wait_for("Signtally: reconcile did not start", "for 0:00:10")
    try:
        inbox.wait_for("Signtally: a run failed or crashed", _LOST, timeout_seconds=30)
    except AssertionError:  # on a busy machine the sign came before the server knew the automation
        give_sign_of_life(lost)
        inbox.wait_for("Signtally: a run failed or crashed", _LOST)
    try:
        inbox.wait_for("Signtally: a run failed or crashed", _UNHEARD, timeout_seconds=30)
    except AssertionError:  # so did its beginning
        take_a_run()
        inbox.wait_for("Signtally: a run failed or crashed", _UNHEARD)
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(lost).state
        assert state is not None
        assert state.type is StateType.CRASHED
    assert ADDRESS not in str(inbox.texts), "operators' tools keep no addresses"
    assert set(inbox.texts) == {each.name for each in alarms(silence={"reconcile": SHORTEST})}


@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # Apprise imports it
def test_an_alarm_reaches_a_mailbox(prefect_server: None) -> None:
    del prefect_server
    with listening(SmtpServer()) as server:
        server.extensions.append("AUTH PLAIN")
        server.replies["AUTH"] = "235 come in"
        address = f"mailto://ops:hunter2@127.0.0.1:{server.port}?from=alerts@signtally.example&to={ADDRESS}"
        settings = Settings.model_validate({"alert_url": address})
        held = [each for each in alarms() if each.title == "a tenant is held"]
        deploy(settings, held, heartbeat_seconds=None)
        for number in range(int(TIMEOUT_SECONDS)):  # an event may be there before its automation is
            emit(mismatch(f"<cray{number}>", 3))
            if server.came.wait(1):
                break
        deploy(settings, [], heartbeat_seconds=None)
    recipients, message = server.messages[0]
    assert (recipients, message["Subject"]) == ([ADDRESS], "Signtally: a tenant is held")
    assert server.passwords[0] == "\0ops\0hunter2"
    said, look, runbook = message.get_content().splitlines()
    assert re.match(r"figures of <cray\d+> contradict its events in 3 places", said)
    assert re.fullmatch(r"Look: signtally reconcile --tenant <cray\d+>", look)
    assert runbook == "Runbook: docs/operations.md"
    with get_client(sync_client=True) as client:
        shown = client.read_block_document_by_name(BLOCK, "slack-webhook", include_secrets=False)
    assert "hunter2" not in shown.model_dump_json()


def test_automations_are_what_the_code_says_however_often_they_are_deployed(prefect_server: None) -> None:
    del prefect_server
    told, quiet = Settings.model_validate({"alert_url": "https://example.com/hook"}), Settings()
    some = alarms()[:3]
    assert deploy(told, some, heartbeat_seconds=30) == [
        *(f"{each.name}: made" for each in some),
        "Signtally: end runs whose process died: made",
        "Signtally: end runs whose process died at once: made",
    ]
    assert {line.rpartition(": ")[2] for line in deploy(told, some, heartbeat_seconds=30)} == {"unchanged"}
    with get_client(sync_client=True) as client:
        (first,) = client.read_automations_by_name(some[0].name)
        client.pause_automation(first.id)
        louder = dataclasses.replace(some[0], body="Listen!")
        assert f"{louder.name}: changed" in deploy(told, [louder, *some[1:]], heartbeat_seconds=30)
        (after,) = client.read_automations_by_name(some[0].name)
        assert not after.enabled, "what an operator switched off stays off"
        assert deploy(told, some[:1], heartbeat_seconds=None)[:3] != []
        assert [each.name for each in client.read_automations() if TAG in each.tags] == [some[0].name]
        assert "not set" in deploy(quiet, [], heartbeat_seconds=None)[0]
        assert not [each for each in client.read_automations() if TAG in each.tags]


def start_a_run() -> UUID:
    with get_client(sync_client=True) as client:
        return client.create_flow_run(reconcile, name="lost", tags=[TAG], state=Running()).id


def take_a_run() -> None:
    """As a worker does that dies while it prepares one."""
    with get_client(sync_client=True) as client:
        client.create_flow_run(rebuild, name="lost", tags=[TAG], state=Pending())


def give_sign_of_life(run_id: UUID) -> None:
    """As Prefect does for a run every half minute while its process lives."""
    tag = {"prefect.resource.id": f"prefect.tag.{TAG}", "prefect.resource.role": "tag"}
    emit_event("prefect.flow-run.heartbeat", {"prefect.resource.id": f"prefect.flow-run.{run_id}"}, related=[tag])


def refuse_a_digest(services: Services) -> None:
    """With a broken profile beside it; and then the mail service is down."""
    services.stores.tenants.put(TenantProfile(tenant_id="acme", schedules=(EVERY_DAY,)))
    services.objects.put("tenants/cray.json", b"no profile")
    services.stores.watermarks.publish_data_through(services.clock())
    with tags(TAG), pytest.raises(DeliveriesFailedError):
        digests()
    assert isinstance(services.mailer, MemoryMailer)
    services.mailer.down = True
    services.stores.tenants.put(TenantProfile(tenant_id="dune", schedules=(EVERY_DAY,)))
    with pytest.raises(DeliveriesFailedError, match="1 pending"):
        digests()


def fail_an_order(services: Services) -> None:
    consume(services)
    request = ReportRequest("acme", parse_period("2026-09"), ("csv",))
    key = request_report(request, requested_by="ann", services=services).claim.key
    stop = threading.Event()

    def make(given: ReportKey) -> None:
        assert given == key
        stop.set()
        raise RuntimeError("no more paper")

    assert OrderConsumer(services, make=make).run(stop)[OrderResult.FAILED] == 1
