"""A local AWS of a test's own, of which each program can be turned off and on."""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from signtally import wiring
from signtally.aws.clients import ClientTimeouts
from signtally.local.local_aws import LocalAws
from signtally.local.processes import Program, Supervisor
from signtally.loopback import LOOPBACK
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases import provisioning
from tests.support.aws_programs import log_to_stderr, without_fsync
from tests.support.ports import free_port
from tests.support.relay import Relay, relayed


class Switch:
    """One program; the state of the local AWS's survives on disk while they are off."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._running = contextlib.ExitStack()

    def on(self) -> None:
        supervisor = self._running.enter_context(Supervisor(log=log_to_stderr))
        supervisor.start(self._program)
        supervisor.wait_until_ready()

    def off(self) -> None:
        self._running.close()


@dataclasses.dataclass(frozen=True)
class Place:
    local: LocalAws
    services: Services
    aws: Switch
    timestream: Switch
    bucket: Relay  # S3 alone


@contextlib.contextmanager
def switched_aws(
    folder: Path, environment: pytest.MonkeyPatch, *, timeouts: ClientTimeouts = wiring.BATCH_TIMEOUTS
) -> Iterator[Place]:
    """A provisioned local AWS that keeps its state below *folder*, and services that wait as long as *timeouts*."""
    local = LocalAws(free_port(), free_port(), folder / "aws")
    aws, timestream = (Switch(program) for program in without_fsync(local.programs()))
    for name, value in local.environment.items():
        environment.setenv(name, value)
    with contextlib.ExitStack() as switched_on:
        bucket = switched_on.enter_context(relayed(local.port))
        environment.setenv("AWS_ENDPOINT_URL_S3", f"http://{LOOPBACK}:{bucket.port}")
        for switch in (aws, timestream):
            switch.on()
            switched_on.callback(switch.off)
        services = wiring.services(Settings(state_directory=folder / "state"), timeouts=timeouts)
        provisioning.provision(services=services)
        yield Place(local, services, aws, timestream, bucket)
