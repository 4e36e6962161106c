"""A drain against a bare boto3 loop that makes the same requests and does nothing else.

    .venv/bin/python benchmarks/ingest/bench_floor.py

The loop receives tens, writes hundreds of records that were prepared before, and deletes tens, on as many threads as
the drain has; it parses nothing, checks nothing, notes nothing. Both end when a long poll of a second finds
nothing. Goal: at most 1.25 times its time.
"""

import dataclasses
import datetime as dt
import itertools
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ingest_harness import body, fill, fresh_services, place, row, stored

from signtally.aws.clients import AwsClients
from signtally.aws.timestream_records import EVENT_TEXT_LIMIT_BYTES, event_batch
from signtally.aws.timestream_tables import EVENTS_TABLE
from signtally.domain.cloud_events import parse_body
from signtally.domain.events import ReceivedEvent
from signtally.services import Services
from signtally.use_cases import ingesting

EVENTS = 10_000
ROUNDS = 5
CONSUMERS = 4
THREADS = 14  # as the drain's: four that receive, four that write, six that delete
BATCH = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Cost:
    seconds: float
    cpu_seconds: float


def main() -> None:
    ours: list[Cost] = []
    bare: list[Cost] = []
    with place():
        for _ in range(ROUNDS):
            ours.append(_cost(lambda services: ingesting.drain(services=services, consumers=CONSUMERS)))
            bare.append(_cost(lambda services: BareLoop(services).run()))
    _show(
        f"a drain of {EVENTS:,} messages, against a bare boto3 loop",
        [[cost.seconds for cost in costs] for costs in (ours, bare)],
        goal="1.25 ×",
    )
    _show("… CPU time of the process", [[cost.cpu_seconds for cost in costs] for costs in (ours, bare)], goal="")


def _show(what: str, seconds: list[list[float]], *, goal: str) -> None:
    ratio = statistics.median(mine / floor for mine, floor in zip(*seconds, strict=True))
    row(what, *(f"{statistics.median(each):.2f} s" for each in seconds), f"{ratio:.2f} ×", goal)


def _cost(work: Callable[[Services], object]) -> Cost:
    services = fresh_services()
    fill(services, range(EVENTS))
    began, cpu_began = time.perf_counter(), time.process_time()
    work(services)
    cost = Cost(time.perf_counter() - began, time.process_time() - cpu_began)
    assert stored(services) == EVENTS
    return cost


class BareLoop:
    def __init__(self, services: Services) -> None:
        clients = AwsClients()
        self._sqs, self._timestream = clients.sqs, clients.timestream_write
        self._queue = self._sqs.get_queue_url(QueueName=services.settings.queue)["QueueUrl"]
        self._table = {"DatabaseName": services.settings.database, "TableName": EVENTS_TABLE}
        batch = event_batch(list(_received()))
        self._common, self._records = batch.common, iter(batch.records)
        self._taking = threading.Lock()

    def run(self) -> None:
        with ThreadPoolExecutor(THREADS) as threads:
            for consumer in [threads.submit(self._consume) for _ in range(THREADS)]:
                consumer.result()

    def _consume(self) -> None:
        receipts: list[str] = []
        while True:
            received = self._receive()
            receipts += received
            if len(receipts) >= BATCH or (receipts and not received):
                self._write(len(receipts))
                self._delete(receipts)
                receipts = []
            if not received:
                return

    def _receive(self) -> list[str]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            VisibilityTimeout=60,
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            MessageAttributeNames=["All"],
        )
        return [message["ReceiptHandle"] for message in answer.get("Messages", ())]

    def _write(self, number: int) -> None:
        with self._taking:
            records: list[Any] = list(itertools.islice(self._records, number))
        self._timestream.write_records(**self._table, CommonAttributes=self._common, Records=records)

    def _delete(self, receipts: list[str]) -> None:
        for first in range(0, len(receipts), 10):
            entries = [
                {"Id": str(place), "ReceiptHandle": each} for place, each in enumerate(receipts[first : first + 10])
            ]
            self._sqs.delete_message_batch(QueueUrl=self._queue, Entries=entries)  # type: ignore[arg-type]


def _received() -> Iterator[ReceivedEvent]:
    """The events as ingest would read them, but for the ids of their messages."""
    now = dt.datetime.now(dt.UTC)
    for number in range(EVENTS):
        (event,) = parse_body(body(number), now=now, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES).events
        yield ReceivedEvent(event, now, f"00000000-0000-4000-8000-{number:012}")


if __name__ == "__main__":
    main()
