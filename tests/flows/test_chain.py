"""The flows in the order of production, under a real Prefect server, on a real queue, database and bucket."""

import json
from pathlib import Path

import pytest

from flows.aggregate import aggregate
from flows.demo_traffic import demo_traffic
from flows.digests import digests
from flows.ingest import ingest
from flows.report import report
from flows.scheduled_reports import scheduled_reports
from signtally.domain.periods import PeriodKind, period_of
from signtally.domain.reports import ReportRequest, ReportStatus
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.tenants import TenantProfile
from signtally.local.comparison import differences
from signtally.services import Services
from tests.support.flow_artifacts import latest_figures


def test_traffic_becomes_usage_and_a_report(flow_services: Services, tmp_path: Path) -> None:
    expect = tmp_path / "expected.json"
    sent = demo_traffic(tenants=3, days=3, events=300, seed=5, duplicates=0.1, late=0.1, junk=0.1, expect=str(expect))
    ingested = ingest(consumers=2, time_budget_seconds=60)
    assert (ingested.stored, ingested.duplicates) == (sent.distinct_events, sent.duplicates)
    assert dict(ingested.dead_letters) == sent.dead_letters
    aggregate()
    expected = json.loads(expect.read_bytes())
    assert list(differences(expected, services=flow_services)) == []

    tenant_id = max(expected["tenants"], key=lambda each: sum(expected["tenants"][each]["totals"].values()))
    tenant = flow_services.stores.tenants.get(tenant_id)
    month = period_of(PeriodKind.MONTH, tenant.today(flow_services.clock()))
    report(tenant_id, month.name, ["csv"])
    request = ReportRequest(tenant_id, month, ("csv",))
    state = flow_services.stores.reports.latest(tenant_id, request.report_id, now=flow_services.clock())
    assert state.status is ReportStatus.READY


@pytest.mark.usefixtures("flow_services")
def test_a_run_leaves_a_table_of_what_it_did() -> None:
    ingest(consumers=1, time_budget_seconds=30)
    rows = latest_figures("ingest")
    assert rows["received"] == rows["stored"] == rows["duplicates"] == 0
    assert rows["requests"] > 0


def test_a_schedule_makes_its_report_and_mails_it_once(flow_services: Services) -> None:
    every_day = Schedule(name="daily", every="day", at="00:00", recipients=(Recipient(email="ann@acme.example"),))
    flow_services.stores.tenants.put(TenantProfile(tenant_id="acme", schedules=(every_day,)))
    flow_services.stores.watermarks.publish_data_through(flow_services.clock())
    assert scheduled_reports().made == 1
    assert digests().sent == 1
    assert (scheduled_reports().made, digests().sent) == (0, 0)
