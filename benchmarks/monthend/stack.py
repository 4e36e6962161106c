"""A local AWS and a Prefect server, provisioned, for benchmarks that run flows."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signtally import wiring
from signtally.local.local_aws import LocalAws
from signtally.local.processes import Program, Supervisor
from signtally.loopback import LOOPBACK, free_port
from signtally.services import Services
from signtally.use_cases import provisioning


@contextmanager
def running_stack() -> Iterator[Services]:
    """The services of a new, empty stack; this process's environment names it from then on."""
    with tempfile.TemporaryDirectory() as data, Supervisor(log=lambda _: None) as supervisor:
        local = LocalAws(free_port(0), free_port(0), Path(data))
        server = _prefect_server(free_port(0), Path(data))
        for program in (*local.programs(), server):
            supervisor.start(program)
        supervisor.wait_until_ready()
        os.environ.update(local.environment | server.environment)
        services = wiring.services()
        provisioning.provision(services=services)
        yield services


def _prefect_server(port: int, data: Path) -> Program:
    environment = {
        "PREFECT_HOME": str(data / "prefect"),
        "PREFECT_API_URL": f"http://{LOOPBACK}:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "DO_NOT_TRACK": "1",
    }
    prefect = str(Path(sys.executable).with_name("prefect"))
    return Program(
        name="prefect",
        command=[prefect, "server", "start", "--host", LOOPBACK, "--port", str(port)],
        environment=environment,
        health_url=f"http://{LOOPBACK}:{port}/api/health",
    )
