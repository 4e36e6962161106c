"""The `signtally` command in a directory of its own, on names that no other test uses."""

from pathlib import Path

import pytest

from signtally.settings import Settings
from tests.support.commands import Command, Program, names_of


@pytest.fixture
def signtally(tmp_path: Path, real_settings: Settings) -> Command:
    """Run `signtally ARGUMENTS…` in this process."""
    return Command(tmp_path, names_of(real_settings))


@pytest.fixture
def signtally_program(tmp_path: Path, real_settings: Settings) -> Program:
    """Run `signtally ARGUMENTS…` as a script does: where the process itself matters."""
    return Program(tmp_path, names_of(real_settings))
