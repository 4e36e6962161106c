"""What the benchmarks beside this file share: servers, records, clients, and how figures are shown."""
# ruff: noqa: S106, S310 - a local server takes any secret, and its address is our own

import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

NAMES = {"DatabaseName": "bench", "TableName": "events"}
START_MS = time.time_ns() // 10**6 - 86_400_000


def record(number: int) -> dict[str, Any]:
    """A multi-measure record of four dimensions and six measures."""
    texts = {
        "document_id": f"doc_{number}",
        "user_email": f"user{number % 500}@example.com",
        "user_name": "Ann Ash",
        "message_id": f"m-{number}",
    }
    moments = {"received_at": START_MS + number, "sent_at": START_MS}
    dimensions = {
        "tenant_id": f"t{number % 100}",
        "user_id": f"u{number % 500}",
        "action": "document.sent",
        "event_id": f"e{number}",
    }
    return {
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "MeasureName": "event",
        "MeasureValueType": "MULTI",
        "MeasureValues": [
            *({"Name": name, "Value": value, "Type": "VARCHAR"} for name, value in texts.items()),
            *({"Name": name, "Value": str(value), "Type": "TIMESTAMP"} for name, value in moments.items()),
        ],
        "Time": str(START_MS + number),
    }


def batch(number: int) -> list[dict[str, Any]]:
    return [record(number * 100 + place) for place in range(100)]


def client(service: str, url: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    config = Config(region_name="us-east-1", retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=url, config=config, aws_access_key_id="x", aws_secret_access_key="x")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def process(command: list[str], url: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(command, env={**os.environ, **(env or {})})
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(url, timeout=5).close()
                break
            time.sleep(0.05)
        yield started
    finally:
        started.terminate()
        started.wait(timeout=60)


@contextlib.contextmanager
def server(data: Path, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "timestream_local", "--port", str(port), "--data", str(data), *arguments]
    with process(command, f"{url}/_timestream_local/health") as started:
        yield url, started


def create(url: str) -> None:
    write = client("timestream-write", url)
    write.create_database(DatabaseName=NAMES["DatabaseName"])
    write.create_table(
        **NAMES,
        RetentionProperties={"MemoryStoreRetentionPeriodInHours": 400, "MagneticStoreRetentionPeriodInDays": 73_000},
        MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True},
    )


class Raw:
    """An HTTP client that costs next to nothing, so that what it measures is the server."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"))

    def call(self, operation: str, body: bytes) -> dict[str, Any]:
        headers = {"X-Amz-Target": f"Timestream_20181101.{operation}", "Content-Type": "application/x-amz-json-1.0"}
        self._connection.request("POST", "/", body=body, headers=headers)
        response = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        assert response.status == 200, answer
        return answer


def milliseconds(work: Callable[[int], object], times: int) -> float:
    """The median time of *work*."""
    taken = []
    for number in range(times):
        started = time.perf_counter()
        work(number)
        taken.append((time.perf_counter() - started) * 1e3)
    return statistics.median(taken)


def show(**figures: object) -> None:
    print(json.dumps(figures))
