"""Metrics: what is measured, where it is served, and that dashboard and alert rules ask for nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client import CollectorRegistry, Metric

import tasks.metrics
from signtally import measurements
from signtally.api.app import create_app
from signtally.loopback import LOOPBACK
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases.ingesting import drain
from tasks.state_metrics import StateCollector
from tests.support.fakes import fake_services
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deployments/monitoring"
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


def test_dashboard_and_alert_rules_ask_for_what_is_measured(tmp_path: Path) -> None:
    api = create_app(fake_services(settings=Settings(state_directory=tmp_path)), loopback_only=True)
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"]
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    asked = [each["expr"] for each in rules] + [each["expr"] for panel in panels for each in panel["targets"]]
    measured = names_of(measurements.REGISTRY) | names_of(api.state.metrics.registry)
    measured |= {each.name for each in StateCollector(fake_services()).collect()}
    for expression in asked:
        names = set(re.findall(r"\b(?:signtally|process)_\w+", expression))
        assert names, expression
        assert names <= measured, expression
    runbook = (ROOT / "docs/operations.md").read_text().lower()
    for rule in rules:
        anchor = rule["annotations"]["runbook"].partition("#")[2]
        assert f"## {anchor.replace('-', ' ')}\n" in runbook, anchor


def test_a_worker_serves_what_it_did_and_how_full_the_queues_are(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate({"metrics_address": f"{LOOPBACK}:{free_port()}"})
    services = fake_services(settings=settings)
    monkeypatch.setattr(tasks.metrics, "services", lambda: services)
    dead = value("signtally_events_total", became="dead_letter")
    services.queue.send([OutgoingMessage("not JSON")])
    drain(services=services, consumers=1)
    with tasks.metrics.serving(services):
        answer = httpx.get(f"http://{settings.metrics_address}/metrics").raise_for_status().text
    assert 'signtally_queue_messages{queue="dead_letters",state="visible"} 1.0' in answer.splitlines()
    assert 'signtally_queue_messages{queue="events",state="visible"} 0.0' in answer.splitlines()
    assert re.search(r'^signtally_through_lag_seconds{watermark="settled"} \d', answer, re.MULTILINE)
    assert "signtally_held_tenants 0.0" in answer.splitlines()
    assert value("signtally_events_total", became="dead_letter") == dead + 1


def test_requests_to_aws_are_timed_and_their_errors_counted(real_services: Services) -> None:
    where = {"service": "sqs", "operation": "GetQueueAttributes"}
    before = value("signtally_aws_request_seconds_count", **where)
    real_services.queue.depth()
    assert value("signtally_aws_request_seconds_count", **where) > before
    missing = {"service": "s3", "operation": "GetObject", "code": "NoSuchKey"}
    before = value("signtally_aws_errors_total", **missing)
    assert real_services.stores.watermarks.data_through() is None
    assert value("signtally_aws_errors_total", **missing) == before + 1


def names_of(registry: CollectorRegistry) -> set[str]:
    families: list[Metric] = [*registry.collect()]
    return {f"{each.name}{suffix}" for each in families for suffix in SUFFIXES.get(each.type, ())}


def value(name: str, **labels: Any) -> float:
    return measurements.REGISTRY.get_sample_value(name, labels) or 0.0
