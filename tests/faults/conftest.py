"""What the fault tests share: one seed for all chance in them, and a local AWS that can be switched off."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.switched_aws import Place, switched_aws


@pytest.fixture
def seed() -> int:
    """The same for everybody unless FAULT_SEED names another; shown when the test fails."""
    seed = int(os.environ.get("FAULT_SEED", "20261003"))
    sys.stdout.write(f"FAULT_SEED={seed}\n")
    return seed


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A local AWS of this test's own, provisioned."""
    with switched_aws(tmp_path, monkeypatch) as place:
        yield place
