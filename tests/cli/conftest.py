"""The installed command, run as a script runs it."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from signtally.settings import Settings

SIGNTALLY = Path(sys.executable).with_name("signtally")


@dataclasses.dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """The last line of stdout."""
        return json.loads(self.out.splitlines()[-1])

    def failed_with(self, *words: str) -> bool:
        """Ended with an exit code, one clear message and no traceback."""
        return self.code != 0 and "Traceback" not in self.err and all(word in self.err for word in words)


Signtally = Callable[..., Ran]


@pytest.fixture
def signtally(tmp_path: Path, real_settings: Settings) -> Signtally:
    """Run `signtally ARGUMENTS…` in a directory of its own, on names that no other test uses."""
    names = {
        "SIGNTALLY_QUEUE": real_settings.queue,
        "SIGNTALLY_DEAD_LETTER_QUEUE": real_settings.dead_letter_queue,
        "SIGNTALLY_BUCKET": real_settings.bucket,
        "SIGNTALLY_DATABASE": real_settings.database,
    }

    def run(*arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [str(SIGNTALLY), *arguments],
            env={**os.environ, **names, **(environment or {})},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
