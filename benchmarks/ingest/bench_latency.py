"""A drain against one invocation for every ten messages, when every request takes 20 ms longer, as over a network.

    .venv/bin/python benchmarks/ingest/bench_latency.py

The peer is how such pipelines begin: one consumer receives ten messages, writes each by a request of its own, and
deletes each by a request of its own. It parses and stores the same, so that both end with every event stored once.
The peer gets fewer messages, for it would take minutes. Goal: at least 20 times its throughput.
"""

import datetime as dt
import statistics
import time
from collections.abc import Callable

from ingest_harness import fill, fresh_services, place, row, slow_network, stored

from signtally.aws.clients import AwsClients
from signtally.domain.cloud_events import parse_body
from signtally.domain.events import ReceivedEvent
from signtally.services import Services
from signtally.use_cases import ingesting

DELAY_MILLISECONDS = 20
ROUNDS = 3
EVENTS = 10_000
PEER_EVENTS = 200


def main() -> None:
    ours: list[float] = []
    peer: list[float] = []
    with place() as aws, slow_network(aws, milliseconds=DELAY_MILLISECONDS):
        for _ in range(ROUNDS):
            ours.append(_events_per_second(lambda services: ingesting.drain(services=services), events=EVENTS))
            peer.append(_events_per_second(_one_by_one, events=PEER_EVENTS))
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, peer, strict=True))
    paces = [f"{statistics.median(each):,.0f} events/s" for each in (ours, peer)]
    row(f"with {DELAY_MILLISECONDS} ms more a request, against one invocation a ten", *paces, f"{ratio:.0f} ×", "20 ×")


def _events_per_second(work: Callable[[Services], object], *, events: int) -> float:
    services = fresh_services()
    fill(services, range(events))
    began = time.perf_counter()
    work(services)
    seconds = time.perf_counter() - began
    assert stored(services) == events
    return events / seconds


def _one_by_one(services: Services) -> None:
    """Until every message is deleted; nobody has to find out that the queue is empty."""
    sqs = AwsClients().sqs
    url = sqs.get_queue_url(QueueName=services.settings.queue)["QueueUrl"]
    for _ in range(PEER_EVENTS // 10):
        messages = services.queue.receive(wait_seconds=1)
        for message in messages:
            limit = services.usage_store.text_limit_bytes
            (event,) = parse_body(message.body, now=dt.datetime.now(dt.UTC), text_limit_bytes=limit).events
            services.usage_store.put_events([ReceivedEvent(event, message.sent_at, message.message_id)])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message.receipt)


if __name__ == "__main__":
    main()
