"""A local AWS of a test's own, of which each program can be turned off and on."""

import contextlib
import dataclasses

from signtally.local.local_aws import LocalAws
from signtally.local.processes import Program, Supervisor
from signtally.services import Services
from tests.support.aws_programs import log_to_stderr


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
