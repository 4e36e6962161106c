"""One Prefect server for all flow tests, and flows that work on a test's own services."""

from collections.abc import Iterator

import pytest
from prefect.testing.utilities import prefect_test_harness

import tasks.aggregate
import tasks.ingest
import tasks.report
import tasks.schedules
import tasks.traffic
from signtally.services import Services

_SHELLS = (tasks.ingest, tasks.aggregate, tasks.report, tasks.schedules, tasks.traffic)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """Prefect's own server over a database of its own."""
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def flow_services(prefect_server: None, real_services: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """What the tasks are wired to: this test's queue, tables and bucket."""
    del prefect_server
    for shell in _SHELLS:
        monkeypatch.setattr(shell, "services", lambda: real_services)
    return real_services
