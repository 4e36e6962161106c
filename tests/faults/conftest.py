"""What the fault tests share: one seed for all chance in them, and a local AWS that can be switched off."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from signtally import wiring
from signtally.local.local_aws import LocalAws
from signtally.settings import Settings
from signtally.use_cases import provisioning
from tests.support.aws_programs import without_fsync
from tests.support.ports import free_port
from tests.support.switched_aws import Place, Switch


@pytest.fixture
def seed() -> int:
    """The same for everybody unless FAULT_SEED names another; shown when the test fails."""
    seed = int(os.environ.get("FAULT_SEED", "20261003"))
    sys.stdout.write(f"FAULT_SEED={seed}\n")
    return seed


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A local AWS of this test's own, provisioned."""
    local = LocalAws(free_port(), free_port(), tmp_path / "aws")
    aws, timestream = (Switch(program) for program in without_fsync(local.programs()))
    for name, value in local.environment.items():
        monkeypatch.setenv(name, value)
    with contextlib.ExitStack() as switched_on:
        for switch in (aws, timestream):
            switch.on()
            switched_on.callback(switch.off)
        services = wiring.services(Settings(state_directory=tmp_path / "state"))
        provisioning.provision(services=services)
        yield Place(local, services, aws, timestream)
