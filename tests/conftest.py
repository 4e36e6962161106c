"""What every test may ask for: an environment of its own, a local AWS, services over fakes or over that AWS."""

import gc
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from signtally import wiring
from signtally.local.local_aws import LocalAws
from signtally.local.local_postgresql import LocalPostgresql
from signtally.local.processes import Supervisor
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases import provisioning
from tests.support.aws_programs import log_to_stderr, without_fsync
from tests.support.examples import SOAK, time_is_up
from tests.support.groups import assign_groups, expect_groups_known, longest_first
from tests.support.leftovers import end_with_this_process
from tests.support.ports import free_port

_HERE = Path(__file__).parent
_FOREIGN = ("AWS_", "SIGNTALLY_", "PREFECT_")

# A law that holds slowly holds: on a busy machine an example may take as long as it likes.
# The same examples for everybody who runs the tests; `make soak` looks for new ones, and prints how to repeat a find.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.register_profile(
    "soak",
    deadline=None,
    max_examples=1000,
    print_blob=True,
    suppress_health_check=[*hypothesis.HealthCheck],
)
hypothesis.settings.load_profile("soak" if SOAK else "repeatable")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in this hook too, and would otherwise come first
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tell pytest-xdist which tests belong together, and let the longest start first."""
    assign_groups(items)
    if hasattr(config, "workerinput"):
        items[:] = longest_first(items, tests=_HERE)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep all that imports have made from the garbage collector, and let it run less often: a twelfth of the CPU."""
    if session.config.getoption("loadgroup", default=False):  # as pytest-xdist tells its workers
        expect_groups_known(session.items)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, and so name, what a soak has no time for."""
    del item
    if time_is_up():
        pytest.skip("SOAK_MINUTES are over")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say that the demo ran: it is one of the tests, so that it runs beside the others."""
    for report in terminalreporter.getreports("passed"):
        if report.nodeid.startswith("tests/demo/"):
            terminalreporter.write_line(f"demo once  … ok ({report.duration:.0f} s)")


@pytest.fixture(scope="session", autouse=True)
def _own_environment() -> Iterator[None]:
    """Take nothing of the developer's own AWS, Prefect or Signtally settings into a test."""
    kept = dict(os.environ)
    for name in kept:
        if name.startswith(_FOREIGN):
            del os.environ[name]
    # A shell has what it starts in the background ignore Ctrl-C; the programs under test must not inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    end_with_this_process()
    yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Ministack and timestream-local on free ports for the whole session; boto3 finds them by the environment."""
    aws = LocalAws(free_port(), free_port(), tmp_path_factory.mktemp("aws"))
    with Supervisor(log=log_to_stderr) as supervisor:
        for program in without_fsync(aws.programs()):
            supervisor.start(program)
        supervisor.wait_until_ready()
        os.environ.update(aws.environment)
        yield aws
        for name in aws.environment:
            os.environ.pop(name, None)


@pytest.fixture
def real_settings(tmp_path: Path) -> Settings:
    """Names that no other test uses."""
    name = f"t-{uuid.uuid4().hex[:12]}"
    return Settings(
        queue=name,
        dead_letter_queue=f"{name}-dead",
        report_queue=f"{name}-orders",
        report_dead_letter_queue=f"{name}-orders-dead",
        mail_events_queue=f"{name}-mail-events",
        mail_events_dead_letter_queue=f"{name}-mail-events-dead",
        bucket=name,
        database=name,
        state_directory=tmp_path / "state",
    )


@pytest.fixture
def real_services(local_aws: LocalAws, real_settings: Settings) -> Services:
    """Every port behind its real adapter, provisioned empty."""
    del local_aws  # it only has to run
    services = wiring.services(real_settings)
    provisioning.provision(services=services)
    return services


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server for the whole session: its address, with the password that it asks for."""
    directory = Path(tempfile.mkdtemp(prefix="signtally-postgresql-"))  # pytest's own is closed to the server's account
    directory.chmod(0o755)
    server = LocalPostgresql(free_port(), directory / "data", options=("fsync=off",), password="pass word@/")
    with Supervisor(log=log_to_stderr) as supervisor:
        supervisor.start(server.program())
        supervisor.wait_until_ready()
        yield server.address
    shutil.rmtree(directory)
