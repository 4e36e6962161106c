"""The flow by which an operator sends a digest, under a real Prefect server."""

import pytest

import tasks.schedules
from flows.send_digest import send_digest
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.tenants import TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.use_cases.delivering.run import DeliveriesFailedError
from tests.support.fakes import fake_services
from tests.support.flow_artifacts import latest_table

ANN, BO = "ann@acme.example", "bo@acme.example"
DAILY = Schedule(name="daily", every="day", formats=("csv",), recipients=(Recipient(email=ANN), Recipient(email=BO)))


@pytest.mark.usefixtures("prefect_server")
def test_an_operator_sends_and_then_sends_to_all_again(monkeypatch: pytest.MonkeyPatch) -> None:
    mailer = MemoryMailer(refused=frozenset({BO}))
    services = fake_services(mailer=mailer)
    services.stores.tenants.put(TenantProfile(tenant_id="acme", schedules=(DAILY,)))
    monkeypatch.setattr(tasks.schedules, "services", lambda: services)
    with pytest.raises(DeliveriesFailedError, match="digest by hand: 1 refused"):
        send_digest("acme", "daily")
    assert latest_table("send-digest") == [{"state": "refused", "recipients": 1}, {"state": "sent", "recipients": 1}]
    mailer.refused = frozenset()
    send_digest("acme", "daily", again=True)
    assert [message["To"] for message in mailer.sent] == [ANN, ANN, BO]
