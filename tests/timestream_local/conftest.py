"""Servers and tables for the tests beside this file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.timestream_local.timestream_harness import Clock, Server, Table, in_process, running
from timestream_local.service import Service
from timestream_local.store.storage import Storage


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running("--memory") as found:
        yield found


@pytest.fixture
def table(server: Server) -> Table:
    return server.table()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(clock: Clock) -> Service:
    return Service(Storage(None), clock=clock)


@pytest.fixture
def timed(service: Service) -> Iterator[Server]:
    """A server whose clock is *clock*."""
    with in_process(service) as found:
        yield found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"
