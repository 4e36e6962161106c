"""Deploying to a Prefect server, by Prefect's own program: importing Prefect itself would cost the commands seconds."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from signtally.errors import SigntallyError

_TIMEOUT_SECONDS = 360
_SHOWN_CHARACTERS = 2000
_NO_SERVER = re.compile(r"^httpx\.(?:Connect\w+|UnsupportedProtocol|InvalidURL): (.*)", re.MULTILINE)


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
        raise DeployError(explain(ran.stdout[-_SHOWN_CHARACTERS:] + ran.stderr[-_SHOWN_CHARACTERS:]))
    return ran.stdout


def explain(said: str) -> str:
    """What Prefect's program has said when it failed, or one sentence where no server took its calls."""
    if silent := _NO_SERVER.search(said):
        return (
            f"Prefect's server cannot be reached ({silent[1]}): is it running, and does PREFECT_API_URL name it, "
            "such as http://127.0.0.1:4200/api?"
        )
    return f"flows, limits and alarms could not be deployed:\n{said}"
