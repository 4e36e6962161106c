"""Real servers on free loopback ports, boto3 clients that speak to them, and records to write."""
# ruff: noqa: S310, S608 - the addresses are our own server; the SQL is the test

import os
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
import uvicorn
from botocore.config import Config

from tests.support.ports import free_port
from timestream_local.server.application import application
from timestream_local.service import Service

ONCE = Config(retries={"total_max_attempts": 1}, region_name="us-east-1")


def client(service: Any, url: str) -> Any:
    keys: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=url, config=ONCE, **keys)


@dataclass
class Server:
    """A server that runs, and clients for it."""

    url: str

    def __post_init__(self) -> None:
        self.write = client("timestream-write", self.url)
        self.query = client("timestream-query", self.url)

    def rows(self, sql: str) -> list[list[Any]]:
        """All rows of a query, each value as plain Python: text, None, list."""
        pages = self.query.get_paginator("query").paginate(QueryString=sql)
        return [[plain(datum) for datum in row["Data"]] for page in pages for row in page["Rows"]]

    def table(self, **properties: Any) -> "Table":
        """A new table in a new database, with retention that takes whatever a test writes."""
        database, table = f"db_{uuid.uuid4().hex[:12]}", "t"
        self.write.create_database(DatabaseName=database)
        given = {
            "RetentionProperties": {
                "MemoryStoreRetentionPeriodInHours": 24,
                "MagneticStoreRetentionPeriodInDays": 73_000,
            },
            "MagneticStoreWriteProperties": {"EnableMagneticStoreWrites": True},
            **properties,
        }
        self.write.create_table(DatabaseName=database, TableName="tab", **given)
        return Table(self, database, table.replace("t", "tab"))


@dataclass
class Table:
    """A table of its own for one test."""

    server: Server
    database: str
    name: str

    @property
    def sql(self) -> str:
        return f'"{self.database}"."{self.name}"'

    def put(self, *records: dict[str, Any], **common: Any) -> dict[str, Any]:
        """Write records and return the whole answer."""
        where = {"DatabaseName": self.database, "TableName": self.name}
        extra = {"CommonAttributes": common} if common else {}
        answer: dict[str, Any] = self.server.write.write_records(**where, Records=list(records), **extra)
        return answer

    def rejected(self, *records: dict[str, Any], **common: Any) -> list[dict[str, Any]]:
        """Write records of which some must be rejected, and return RejectedRecords."""
        with pytest.raises(self.server.write.exceptions.RejectedRecordsException) as caught:
            self.put(*records, **common)
        rejected: list[dict[str, Any]] = caught.value.response["RejectedRecords"]
        return rejected

    def rows(self, columns: str = "*", rest: str = "") -> list[list[Any]]:
        return self.server.rows(f"SELECT {columns} FROM {self.sql} {rest}")


def plain(datum: dict[str, Any]) -> Any:
    if datum.get("NullValue"):
        return None
    if "ScalarValue" in datum:
        return datum["ScalarValue"]
    if "ArrayValue" in datum:
        return [plain(item) for item in datum["ArrayValue"]]
    if "RowValue" in datum:
        return tuple(plain(item) for item in datum["RowValue"]["Data"])
    return [(point["Time"], plain(point["Value"])) for point in datum["TimeSeriesValue"]]


def now_ms() -> int:
    return time.time_ns() // 10**6


def record(time_ms: int | None = None, value: object = 1.5, **extra: Any) -> dict[str, Any]:
    """One record of a single DOUBLE measure."""
    given = {
        "Dimensions": [{"Name": "host", "Value": "a"}],
        "MeasureName": "cpu",
        "MeasureValue": str(value),
        "Time": str(now_ms() if time_ms is None else time_ms),
    }
    return {**given, **extra}


def multi(
    time_ms: int, dimensions: dict[str, str], measures: dict[str, tuple[str, str]], **extra: object
) -> dict[str, Any]:
    """One MULTI record; *measures* maps names to (type, text)."""
    return {
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "MeasureName": "event",
        "MeasureValueType": "MULTI",
        "MeasureValues": [{"Name": name, "Type": kind, "Value": text} for name, (kind, text) in measures.items()],
        "Time": str(time_ms),
        **extra,
    }


def await_health(url: str, process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + 90  # as for the stack: on a busy machine an interpreter starts for half a minute
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_timestream_local/health", timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline or (process is not None and process.poll() is not None):
                raise
            time.sleep(0.02)  # there is nothing to await while nothing listens


def start(*arguments: str, port: int, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start the server as a user would; the caller ends it."""
    command = [sys.executable, "-m", "timestream_local", "--port", str(port), *arguments]
    process = subprocess.Popen(command, env={**os.environ, **(env or {})})
    try:
        await_health(f"http://127.0.0.1:{port}", process)
    except BaseException:  # one that is left running fails the next test too
        process.kill()
        process.wait()
        raise
    return process


@contextmanager
def running(*arguments: str, env: dict[str, str] | None = None) -> Iterator[Server]:
    port = free_port()
    process = start(*arguments, port=port, env=env)
    try:
        yield Server(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


@contextmanager
def in_process(service: Service) -> Iterator[Server]:
    """The same server in a thread, for tests that hold its clock."""
    port = free_port()
    config = uvicorn.Config(application(service), port=port, log_level="warning", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        await_health(f"http://127.0.0.1:{port}")
        yield Server(f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join()
        service.close()


class Clock:
    """A clock that stands where a test puts it."""

    def __init__(self) -> None:
        self.ns = time.time_ns()

    def __call__(self) -> int:
        return self.ns

    def advance(self, *, seconds: float = 0, hours: float = 0, days: float = 0) -> None:
        self.ns += int((seconds + hours * 3_600 + days * 86_400) * 1e9)


@contextmanager
def local_s3(state: str) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "STATE_DIR": state, "SERVICES": "s3"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{url}/_ministack/health", timeout=5).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)  # there is nothing to await while nothing listens
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)
