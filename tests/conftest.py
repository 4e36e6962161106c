"""What every test may ask for: an environment of its own, a local AWS, services over fakes or over that AWS."""

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from signtally import wiring
from signtally.local.local_aws import LocalAws
from signtally.local.ports import free_port
from signtally.local.processes import Supervisor
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases import provisioning

_FOREIGN = ("AWS_", "SIGNTALLY_", "PREFECT_")

# A law that holds slowly holds: on a busy machine an example may take as long as it likes.
# The same examples for everybody who runs the tests; `make soak` looks for new ones, and prints how to repeat a find.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.register_profile(
    "soak", deadline=None, print_blob=True, suppress_health_check=[*hypothesis.HealthCheck]
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture(scope="session", autouse=True)
def _own_environment() -> Iterator[None]:
    """Take nothing of the developer's own AWS, Prefect or Signtally settings into a test."""
    kept = dict(os.environ)
    for name in kept:
        if name.startswith(_FOREIGN):
            del os.environ[name]
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Ministack and timestream-local on free ports for the whole session; boto3 finds them by the environment."""
    aws = LocalAws(free_port(0), free_port(0), tmp_path_factory.mktemp("aws"))
    with Supervisor(log=lambda line: sys.stderr.write(f"{line}\n")) as supervisor:
        for program in aws.programs():
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
        queue=name, dead_letter_queue=f"{name}-dead", bucket=name, database=name, state_directory=tmp_path / "state"
    )


@pytest.fixture
def real_services(local_aws: LocalAws, real_settings: Settings) -> Services:
    """Every port behind its real adapter, provisioned empty."""
    del local_aws  # it only has to run
    services = wiring.services(real_settings)
    provisioning.provision(services=services)
    return services
