"""The proof under a real Prefect server: a row is spoilt, the run fails, sends wait; a rebuild mends all that."""

import datetime as dt
import itertools
import json
import time

import polars as pl
import pytest
from prefect.client.orchestration import get_client

from flows.aggregate import aggregate
from flows.digests import digests
from flows.ingest import ingest
from flows.rebuild import rebuild
from flows.reconcile import MismatchError, reconcile
from flows.scheduled_reports import scheduled_reports
from signtally.domain.operator_events import EventName
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.schemas import DAILY_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from signtally.use_cases.rebuilding import DayChange, Preview, RebuildOutcome
from tests.support.flow_artifacts import latest_figures, latest_table

TENANTS = ("acme", "bolt")
_TIMEOUT_SECONDS = 90


@pytest.fixture
def two_days_ago(flow_services: Services) -> dt.date:
    """The day on which two tenants, who want a digest every day, each sent two documents."""
    happened = flow_services.clock() - dt.timedelta(days=2)
    every_day = Schedule(name="daily", every="day", at="00:00", recipients=(Recipient(email="ann@acme.example"),))
    for tenant_id in TENANTS:
        flow_services.stores.tenants.put(TenantProfile(tenant_id=tenant_id, schedules=(every_day,)))
    bodies = [_body(tenant_id, number, happened) for tenant_id in TENANTS for number in range(2)]
    flow_services.queue.send([OutgoingMessage(body) for body in bodies])
    ingest(consumers=1, time_budget_seconds=30)
    aggregate()
    # Ingest takes a margin for clocks that differ off what it knows: these events were sent within it.
    flow_services.stores.watermarks.publish_settled_through(flow_services.clock())
    return happened.date()


def test_a_spoilt_row_holds_its_tenants_digest_until_a_rebuild(flow_services: Services, two_days_ago: dt.date) -> None:
    assert reconcile().tenant_days == 2
    _spoil(flow_services, "acme", two_days_ago, sent=7)

    state = reconcile(return_state=True)
    assert state.is_failed()
    with pytest.raises(MismatchError, match="1 mismatch of 1 tenant,"):
        state.result()
    where = {"tenant": "acme", "day": two_days_ago.isoformat(), "user": "", "action": "sent"}
    assert latest_table("reconcile-differences") == [{**where, "source": "events", "said": 2, "aggregates": 7}]
    assert latest_figures("reconcile")["mismatched"] == 1
    _wait_for_event(EventName.RECONCILE_MISMATCH, "signtally.tenant.acme")

    made, sent = scheduled_reports(), digests()
    assert (made.due, made.made, made.held) == (2, 1, 1)
    assert (sent.due, sent.sent, sent.held) == (2, 1, 1)

    found = rebuild(first=two_days_ago, dry_run=True)
    assert isinstance(found, Preview)
    assert found.changes == (DayChange("acme", two_days_ago, "sent", 7, 2),)
    assert [(row["before"], row["after"]) for row in latest_table("rebuild-dry-run")] == [(7, 2)]
    mended = rebuild("acme", first=two_days_ago)
    assert isinstance(mended, RebuildOutcome)
    assert (mended.rows, mended.lifted) == (1, ("acme",))
    assert latest_figures("rebuild")["rows"] == 1

    assert (digests().sent, scheduled_reports().due) == (1, 0)
    outcome = reconcile()
    assert (outcome.is_clean, outcome.reports) == (True, 2)


def test_an_operator_names_days_as_the_form_gives_them(flow_services: Services, two_days_ago: dt.date) -> None:
    _spoil(flow_services, "acme", two_days_ago, sent=7)
    day = two_days_ago.isoformat()
    parameters = reconcile.validate_parameters({"tenant_id": "bolt", "first": day, "last": day})
    assert reconcile(**parameters).tenant_days == 1
    mended = rebuild(**rebuild.validate_parameters({"first": day, "last": day}))
    assert isinstance(mended, RebuildOutcome)
    assert (mended.tenant_days, mended.rows) == (2, 1)


def _body(tenant_id: str, number: int, happened: dt.datetime) -> str:
    data = {"tenant_id": tenant_id, "user_id": "ann", "document_id": f"d{number}"}
    about = {"specversion": "1.0", "id": f"{tenant_id}{number}", "source": "/portal", "type": "document.sent"}
    return json.dumps({**about, "time": happened.isoformat(), "data": data})


def _spoil(services: Services, tenant_id: str, day: dt.date, *, sent: int) -> None:
    """Write over a row, as nobody should, in a later version."""
    rows = services.usage_store.daily_usage(first=day, last=day, tenant_ids=[tenant_id]).select([*DAILY_USAGE])
    version = time.time_ns() // 1_000
    assert services.usage_store.put_daily_usage(
        rows.with_columns(sent=pl.lit(sent, pl.Int64)), version=version
    ).is_empty()


def _wait_for_event(name: str, resource: str) -> None:
    """Events reach the server on a way of their own, which tells nobody when they are there."""
    wanted = {"filter": {"event": {"name": [name]}, "resource": {"id": [resource]}, "occurred": {}}, "limit": 10}
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    with get_client(sync_client=True) as client:
        for _ in itertools.count():
            answer = client.request("POST", "/events/filter", json=wanted).json()
            if answer["events"]:
                return
            assert time.monotonic() < deadline, f"no event {name} about {resource}"
            time.sleep(0.2)
