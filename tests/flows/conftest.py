"""One Prefect server for all flow tests, and flows that work on a test's own services."""

import dataclasses
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, PREFECT_WORKER_QUERY_SECONDS, temporary_settings

import tasks.aggregate
import tasks.dead_letters
import tasks.import_history
import tasks.ingest
import tasks.integrity
import tasks.mail_events
import tasks.report
import tasks.report_orders
import tasks.schedules
import tasks.traffic
from signtally.services import Services
from tasks.events import emit

_HERE = Path(__file__).parent
_SHELLS = (
    tasks.ingest,
    tasks.aggregate,
    tasks.dead_letters,
    tasks.import_history,
    tasks.report,
    tasks.report_orders,
    tasks.schedules,
    tasks.traffic,
    tasks.integrity,
    tasks.mail_events,
)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """Prefect's own server over a database of its own.

    Without heartbeats: each flow would wait a second at its end for the thread that sends them. Workers ask for runs
    as often as those of the stack.
    """
    from prefect.testing.utilities import prefect_test_harness  # noqa: PLC0415 -- 3 s that only this worker pays

    quick = temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None, PREFECT_WORKER_QUERY_SECONDS: 0.5})
    with prefect_test_harness(server_startup_timeout=120), quick:
        gc.collect()
        gc.freeze()  # what Prefect imported; `_collected` would look through it after each test
        yield


@pytest.fixture
def flow_services(prefect_server: None, real_services: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """What the tasks are wired to: this test's queue, tables and bucket."""
    del prefect_server
    told = dataclasses.replace(real_services, tell=emit)
    for shell in _SHELLS:
        monkeypatch.setattr(shell, "services", lambda: told)
    return told


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Excuse Prefect's clients, which leave their sockets to the garbage collector; nothing else is excused."""
    excuse = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(excuse)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Collect garbage within the test that made it."""
    yield
    gc.collect()
