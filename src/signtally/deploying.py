"""Deploying to a Prefect server, by Prefect's own program: importing Prefect itself would cost the commands seconds."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from signtally.errors import SigntallyError

_TIMEOUT_SECONDS = 360
_SHOWN_CHARACTERS = 2000


class DeployError(SigntallyError):
    """Prefect's server did not take what was to be deployed; the text has Prefect's own."""


def production_file() -> Path:
    """`prefect.yaml`: of the checkout, or as the wheel brings it. Raises DeployError when flows are not installed."""
    found = find_spec("flows")
    if found is None or found.origin is None:
        raise DeployError("the package `flows` is not installed: run `make setup` in a checkout")
    package = Path(found.origin).parent
    brought = package / "prefect.yaml"
    return brought if brought.exists() else package.parent / "prefect.yaml"


def deploy(*prefect_files: Path) -> list[str]:
    """Apply every deployment of the files, limits, alarms and what else Prefect does by itself, any number of times.

    `PREFECT_API_URL` says to which server. What was done about the latter comes back, a line each. Raises DeployError.
    """
    command = [sys.executable, "-m", "tasks.deploying", *map(str, prefect_files)]
    try:
        return _run(command).splitlines()
    except DeployError:  # a server that is busy with starting; what was made before stays as it is
        return _run(command).splitlines()


def prefect_program() -> str:
    """Of this very environment, whatever PATH says."""
    return str(Path(sys.executable).with_name("prefect"))


def _run(command: list[str]) -> str:
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS)
    if ran.returncode != 0:
        said = f"{ran.stdout[-_SHOWN_CHARACTERS:]}{ran.stderr[-_SHOWN_CHARACTERS:]}"
        raise DeployError(f"flows, limits and alarms could not be deployed:\n{said}")
    return ran.stdout
