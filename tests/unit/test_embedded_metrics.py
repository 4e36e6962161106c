"""CloudWatch's embedded metric format: what Prometheus reads, as lines that add up."""

import json
from typing import Any

import jsonschema
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from signtally import measurements
from signtally.embedded_metrics import EmbeddedMetrics
from tasks.metric_lines import MetricLines
from tasks.state_metrics import StateCollector
from tests.support.fakes import fake_services

# After the specification: what CloudWatch demands of a line.
DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "additionalProperties": False,
    "properties": {
        "Namespace": {"const": "Signtally"},
        "Dimensions": {"minItems": 1, "items": {"type": "array", "maxItems": 9, "items": {"minLength": 1}}},
        "Metrics": {
            "minItems": 1,
            "maxItems": 100,
            "items": {
                "required": ["Name", "Unit"],
                "properties": {
                    "Name": {"type": "string", "maxLength": 255},
                    "Unit": {"enum": ["Seconds", "Bytes", "Count"]},
                },
            },
        },
    },
}
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {"Timestamp": {"type": "integer"}, "CloudWatchMetrics": {"items": DIRECTIVE}},
        }
    },
}


def test_counts_are_told_as_what_came_since() -> None:
    registry = CollectorRegistry()
    mails = Counter("mails", "Emails", ("state",), registry=registry)
    seconds = Histogram("work_seconds", "Work", registry=registry)
    memory = Gauge("memory_bytes", "Memory", registry=registry)
    metrics = EmbeddedMetrics(seconds=lambda: 1_700_000_000.5)

    def told() -> dict[str, Any]:
        lines = [valued(line) for line in metrics.lines(registry)]
        return {line.pop("state", ""): line for line in lines}

    mails.labels("sent").inc(3)
    memory.set(7)
    assert told() == {"sent": {"mails_total": 3.0}, "": {"memory_bytes": 7.0}}
    mails.labels("sent").inc()
    seconds.observe(0.25)
    seconds.observe(0.5)
    assert told() == {
        "sent": {"mails_total": 1.0},
        "": {"memory_bytes": 7.0, "work_seconds_count": 2.0, "work_seconds_sum": 0.75},
    }
    assert told() == {"": {"memory_bytes": 7.0}}, "nothing has happened since"
    (line,) = map(json.loads, metrics.lines(registry))
    assert line["_aws"]["Timestamp"] == 1_700_000_000_500


def test_every_metric_of_a_worker_is_in_the_lines() -> None:
    with measurements.timed(measurements.REPORT_SECONDS):
        measurements.MAILS.labels("sent").inc()
    lines = EmbeddedMetrics().lines(measurements.REGISTRY, StateCollector(fake_services()))
    told = {name for line in lines for name in valued(line)}
    assert {"signtally_report_seconds_count", "signtally_report_seconds_sum", "signtally_mails_total"} <= told
    assert {"signtally_queue_messages", "signtally_held_tenants", "process_resident_memory_bytes"} <= told
    (queue,) = (json.loads(line) for line in lines if '"dead_letters"' in line and '"visible"' in line)
    assert queue["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["queue", "state"]]


def test_a_process_that_ends_leaves_what_it_measured() -> None:
    lines = list[str]()
    metrics = MetricLines(fake_services(), write=lines.append)
    measurements.EVENTS.labels("duplicate").inc()
    metrics.close()
    (line,) = (valued(line) for line in lines if '"duplicate"' in line)
    assert line["signtally_events_total"] >= 1
    assert not any("signtally_queue_messages" in line for line in lines)


def valued(line: str) -> dict[str, Any]:
    """Its dimensions and metrics, after a look at whether it is as CloudWatch wants it."""
    found: dict[str, Any] = json.loads(line)
    jsonschema.validate(found, SCHEMA)
    (directive,) = found.pop("_aws")["CloudWatchMetrics"]
    ((*dimensions,),) = directive["Dimensions"]
    assert {*dimensions, *(each["Name"] for each in directive["Metrics"])} == {*found}
    return found
