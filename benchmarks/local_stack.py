"""What the benchmarks measure against: a new, empty local AWS in a directory of its own, alone or with more beside it.

Each ends with its block. Until then this process's environment names it, so that `wiring.services()` finds it, and
programs that the benchmark starts do so too.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from signtally import wiring
from signtally.local.local_aws import LocalAws
from signtally.local.processes import Program, Supervisor
from signtally.local.stack import Stack
from signtally.loopback import LOOPBACK, free_port
from signtally.sample.plan import TrafficPlan
from signtally.sample.sending import default_until, emit
from signtally.services import Services
from signtally.use_cases import aggregating, ingesting, provisioning


@contextmanager
def running_aws(
    beside: Callable[[LocalAws], Sequence[Program]] = lambda _: (),
) -> Iterator[tuple[LocalAws, Supervisor]]:
    """The local AWS, with the programs *beside* it; the supervisor starts more."""
    with tempfile.TemporaryDirectory() as data, Supervisor(log=_nowhere) as supervisor:
        aws = _new_aws(data)
        programs = beside(aws)
        for program in (*aws.programs(), *programs):
            supervisor.start(program)
        supervisor.wait_until_ready()
        os.environ.update(aws.environment)
        for program in programs:
            os.environ.update(program.environment)
        yield aws, supervisor


@contextmanager
def running_services(
    beside: Callable[[LocalAws], Sequence[Program]] = lambda _: (),
) -> Iterator[tuple[Services, Supervisor]]:
    """The services of a local AWS, provisioned."""
    with running_aws(beside) as (_, supervisor):
        services = wiring.services()
        provisioning.provision(services=services)
        yield services, supervisor


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Everything that `signtally up` starts."""
    with tempfile.TemporaryDirectory() as data, Supervisor(log=_nowhere) as supervisor:
        stack = Stack(_new_aws(data), free_port(0), free_port(0))
        stack.start(supervisor, log=lambda line: print(line, file=sys.stderr))
        yield stack


def prefect_server(aws: LocalAws) -> Sequence[Program]:
    """Prefect's server beside a local AWS, for flows that run in this process."""
    port = free_port(0)
    environment = {
        "PREFECT_HOME": str(aws.data / "prefect"),
        "PREFECT_API_URL": f"http://{LOOPBACK}:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "DO_NOT_TRACK": "1",
    }
    prefect = str(Path(sys.executable).with_name("prefect"))
    command = [prefect, "server", "start", "--host", LOOPBACK, "--port", str(port)]
    health = f"http://{LOOPBACK}:{port}/api/health"
    return [Program(name="prefect", command=command, environment=environment, health_url=health)]


def fill(services: Services) -> str:
    """Count 5,000 events of five tenants in the last 90 days; the id of the largest."""
    until = default_until(services.clock())
    emit(TrafficPlan(tenants=5, days=90, events=5_000, seed=1, until=until), services=services)
    ingesting.drain(services=services)
    aggregating.aggregate_touched(services=services)
    return next(iter(services.stores.tenants.all()))


def _new_aws(data: str) -> LocalAws:
    return LocalAws(free_port(0), free_port(0), Path(data))


def _nowhere(line: str) -> None:
    """Forget what servers log: writing it would be work of its own."""
