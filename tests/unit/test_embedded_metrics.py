"""CloudWatch's embedded metric format: what Prometheus reads, as lines that add up."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from signtally import measurements
from signtally.embedded_metrics import EmbeddedMetrics
from signtally.metric_lines import MetricLines, telling
from tasks.state_metrics import StateCollector
from tests.support.examples import examples
from tests.support.fakes import fake_services

BOUNDS = (0.5, 1.0, 4.0, 16.0)
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
        "": {
            "memory_bytes": 7.0,
            "work_seconds": {
                "Values": [0.175, 0.375],
                "Counts": [1.0, 1.0],
                "Min": 0.175,
                "Max": 0.375,
                "Sum": 0.75,
                "Count": 2.0,
            },
        },
    }
    assert told() == {"": {"memory_bytes": 7.0}}, "nothing has happened since"
    (line,) = map(json.loads, metrics.lines(registry))
    assert line["_aws"]["Timestamp"] == 1_700_000_000_500


@given(st.lists(st.floats(0, 20), max_size=40), st.integers(0, 40))
@settings(max_examples=examples(30))
def test_each_observation_is_told_once_in_the_bucket_that_it_is_in(observed: list[float], first: int) -> None:
    registry = CollectorRegistry()
    seconds = Histogram("work_seconds", "Work", ("kind",), registry=registry, buckets=BOUNDS)
    metrics = EmbeddedMetrics()
    told = list[float]()
    for some in (observed[:first], observed[first:]):
        for each in some:
            seconds.labels("a").observe(each)
        for line in metrics.lines(registry):
            found = valued(line)["work_seconds"]
            assert found["Count"] == sum(found["Counts"]) == len(some)
            assert found["Sum"] == pytest.approx(sum(some))
            told += [
                value for value, count in zip(found["Values"], found["Counts"], strict=True) for _ in range(int(count))
            ]
    assert sorted(told) == sorted(map(middle_of_bucket, observed))


def middle_of_bucket(value: float) -> float:
    upper = next((bound for bound in BOUNDS if value <= bound), BOUNDS[-1])
    lower = max((bound for bound in (0.0, *BOUNDS) if bound < value), default=0.0)
    return (min(lower, upper) + upper) / 2


def test_every_metric_of_a_worker_is_in_the_lines() -> None:
    with measurements.timed(measurements.REPORT_SECONDS):
        measurements.MAILS.labels("sent").inc()
    lines = EmbeddedMetrics().lines(measurements.REGISTRY, StateCollector(fake_services()))
    told = {name for line in lines for name in valued(line)}
    assert {"signtally_report_seconds", "signtally_mails_total"} <= told
    assert {"signtally_queue_messages", "signtally_held_tenants", "process_resident_memory_bytes"} <= told
    (queue,) = (json.loads(line) for line in lines if '"dead_letters"' in line and '"visible"' in line)
    assert queue["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["queue", "state"]]


def test_a_process_that_ends_leaves_what_it_measured() -> None:
    lines = list[str]()
    with telling(MetricLines(measurements.REGISTRY, write=lines.append), StateCollector(fake_services())):
        measurements.EVENTS.labels("duplicate").inc()
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
