"""Requests to SQS and Timestream an event, at a backlog of 50,000 messages of one event each.

    .venv/bin/python benchmarks/ingest/bench_requests.py

The floor is 0.21: a receive and a delete take ten messages, a write a hundred. Goal: at most 0.215.
"""

import time

from ingest_harness import fill, fresh_services, place, row, stored

from signtally.use_cases import ingesting

EVENTS = 50_000
FLOOR = 0.1 + 0.1 + 0.01


def main() -> None:
    with place():
        services = fresh_services()
        fill(services, range(EVENTS))
        began = time.perf_counter()
        outcome = ingesting.drain(services=services)
        seconds = time.perf_counter() - began
        assert outcome.stored == stored(services) == EVENTS
    each = outcome.requests / EVENTS
    row(f"requests an event, {EVENTS:,} waiting", f"{each:.4f}", f"{FLOOR:.2f}", f"{each / FLOOR:.3f} ×", "0.215")
    row("… events/s", f"{EVENTS / seconds:,.0f}", "", "", "")


if __name__ == "__main__":
    main()
