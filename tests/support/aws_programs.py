"""The local AWS's programs, as tests run them."""

import dataclasses
from collections.abc import Iterable

from signtally.local.processes import Program


def without_fsync(programs: Iterable[Program]) -> list[Program]:
    """Let the local Timestream not wait for the disk: its data outlive the process all the same, not the machine."""
    return [
        dataclasses.replace(program, command=[*program.command, "--no-fsync"])
        if program.name == "timestream"
        else program
        for program in programs
    ]
