"""One Prefect server for all flow tests, and flows that work on a test's own services."""

import contextlib
import dataclasses
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.context import refresh_global_settings_context
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, PREFECT_WORKER_QUERY_SECONDS, temporary_settings

import tasks.aggregate
import tasks.dead_letters
import tasks.import_history
import tasks.ingest
import tasks.integrity
import tasks.mail_events
import tasks.report
import tasks.report_orders
import tasks.retention
import tasks.schedules
import tasks.traffic
from signtally.services import Services
from tasks.events import emit
from tests.support.ports import free_port

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
    tasks.retention,
)


@pytest.fixture(scope="session")
def prefect_server(postgresql: str) -> Iterator[None]:
    """Prefect's own server over PostgreSQL, as in production: over SQLite it loses events when the machine is busy.

    Without heartbeats: each flow would wait a second at its end for the thread that sends them. Workers ask for runs
    as often as those of the stack.
    """
    # 3 s that only this worker pays
    from prefect.server.api.server import SubprocessASGIServer  # noqa: PLC0415

    server = SubprocessASGIServer(port=free_port())
    database = postgresql.replace("postgresql:", "postgresql+asyncpg:", 1)
    quick = temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None, PREFECT_WORKER_QUERY_SECONDS: 0.5})
    with _prefect_settings(PREFECT_SERVER_DATABASE_CONNECTION_URL=database, PREFECT_API_URL=server.api_url), quick:
        server.start(timeout=240)
        gc.collect()
        gc.freeze()  # what Prefect imported; `_collected` would look through it after each test
        yield
        APILogWorker.instance().drain()
        EventsWorker.drain_all()
        server.stop()


@contextlib.contextmanager
def _prefect_settings(**variables: str) -> Iterator[None]:
    """Settings of this process on all of its threads, and of programs that it starts."""
    os.environ.update(variables)
    refresh_global_settings_context()
    yield
    for name in variables:
        del os.environ[name]
    refresh_global_settings_context()


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
