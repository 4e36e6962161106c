"""The local AWS's programs, as tests run them."""

import dataclasses
import sys
from collections.abc import Iterable

from signtally.local.processes import Program


def log_to_stderr(line: str) -> None:
    """Take a line that a program printed: pytest shows it when the test fails."""
    sys.stderr.write(f"{line}\n")


def without_fsync(programs: Iterable[Program]) -> list[Program]:
    """Let the local Timestream not wait for the disk: its data outlive the process all the same, not the machine."""
    return [
        dataclasses.replace(program, command=[*program.command, "--no-fsync"])
        if program.name == "timestream"
        else program
        for program in programs
    ]
