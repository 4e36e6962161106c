"""The modes that make the store as late and as unwilling as the real one, and its health."""
# ruff: noqa: S310 - the addresses are our own server

import json
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.timestream_local.timestream_harness import Clock, Server, record


def control(server: Server, path: str, **modes: object) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{server.url}/_timestream_local/{path}", data=json.dumps(modes).encode() if modes else None
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def test_port_0_takes_a_free_port_and_says_which() -> None:
    command = [sys.executable, "-m", "timestream_local", "--memory", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{url}/_timestream_local/health", timeout=5) as answer:
            assert json.load(answer)["status"] == "ok"
        process.terminate()
    assert process.returncode == 0


def test_health_tells_that_it_serves(server: Server) -> None:
    assert control(server, "health")["status"] == "ok"


def test_reads_can_lag_behind_writes(timed: Server, clock: Clock) -> None:
    table = timed.table()
    now = clock() // 10**6
    control(timed, "modes", read_lag_seconds=5)
    table.put(record(now))
    assert table.rows("count(*)") == [["0"]]
    clock.advance(seconds=6)
    assert table.rows("count(*)") == [["1"]]
    table.put(record(now, value=2, Version=2))
    assert table.rows("measure_value::double") == [["1.5"]]  # the old one until the new one is readable
    clock.advance(seconds=6)
    assert table.rows("measure_value::double") == [["2.0"]]


def test_magnetic_writes_can_lag_alone(timed: Server, clock: Clock) -> None:
    table = timed.table()
    now = clock() // 10**6
    control(timed, "modes", magnetic_lag_seconds=3_600)
    table.put(record(now), record(now - 48 * 3_600_000))
    assert table.rows("count(*)") == [["1"]]
    clock.advance(hours=1)
    assert table.rows("count(*)") == [["2"]]


def test_the_next_calls_can_be_throttled(timed: Server) -> None:
    control(timed, "modes", throttle_next=2)
    for _ in range(2):
        with pytest.raises(timed.write.exceptions.ThrottlingException) as caught:
            timed.write.list_databases()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert timed.write.list_databases()["Databases"] == []


def test_a_share_of_the_calls_can_be_throttled(timed: Server) -> None:
    control(timed, "modes", throttle_share=0.5)
    refused = 0
    for _ in range(10):
        try:
            timed.write.list_databases()
        except timed.write.exceptions.ThrottlingException:
            refused += 1
    assert refused == 5


def test_an_unknown_mode_is_refused(timed: Server) -> None:
    with pytest.raises(urllib.error.HTTPError):
        control(timed, "modes", typo=1)
    assert control(timed, "modes")["read_lag_seconds"] == 0.0


def test_a_query_that_is_known_sees_what_has_changed_since(timed: Server, clock: Clock) -> None:
    """Its text is the same; rows, columns, the table, the instant and what is readable by then are not."""
    table = timed.table()
    now = clock() // 10**6
    table.put(record(now))
    assert [table.rows("count(*), count_if(time > ago(1m))") for _ in range(2)] == [[["1", "1"]]] * 2
    table.put(record(now - 1))
    assert table.rows("count(*), count_if(time > ago(1m))") == [["2", "2"]]
    clock.advance(hours=1)
    assert table.rows("count(*), count_if(time > ago(1m))") == [["2", "0"]]
    control(timed, "modes", read_lag_seconds=5)
    assert table.rows("count(*)") == [["2"]]
    table.put(record(now - 2))
    assert table.rows("count(*)") == [["2"]]
    clock.advance(seconds=6)
    assert [table.rows("count(*)") for _ in range(2)] == [[["3"]]] * 2
