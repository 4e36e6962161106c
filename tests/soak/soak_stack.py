"""`make soak-stack`: a demo starts, then its whole stack lives under everything at once for MINUTES, and is proved.

    .venv/bin/python -m tests.soak.soak_stack [MINUTES]      (20 unless given; FAULT_SEED chooses another chance)

Prints what it did and what each program held; the exit code is 1 when anything is not right.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from signtally.local.local_aws import LocalAws
from signtally.local.stack import Stack
from signtally.loopback import free_port
from signtally.settings import Settings
from tests.soak.soak import programs_of, soaking
from tests.support.commands import SIGNTALLY
from tests.support.leftovers import end_with_this_process

_EVENTS, _TENANTS = 4_000, 12
_END_SECONDS = 120


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    end_with_this_process()
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        aws = LocalAws(free_port(0), free_port(0), folder / ".signtally/data/demo")
        stack = Stack(aws, free_port(0), free_port(0))
        with _demonstration(stack, folder) as process:
            os.environ.update(stack.shell_environment)
            settings = Settings(state_directory=folder / ".signtally")
            programs, seed = programs_of(process.pid, stack), int(os.environ.get("FAULT_SEED", "1"))
            with soaking(stack, settings, programs, minutes=minutes, seed=seed) as soak:
                sys.stdout.write(f"{soak.run(minutes)}\n")
        if process.returncode:
            raise SystemExit((folder / "errors").read_text())


@contextlib.contextmanager
def _demonstration(stack: Stack, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """The demo, once it has shown its summary; it stays up, and Ctrl-C ends it. What it logged stays where you are."""
    ports = [f"--port={stack.aws.port}", f"--timestream-port={stack.aws.timestream_port}"]
    ports += [f"--api-port={stack.api_port}", f"--prefect-port={stack.prefect_port}"]
    command = [str(SIGNTALLY), "demo", f"--events={_EVENTS}", f"--tenants={_TENANTS}", *ports]
    with (
        (folder / "errors").open("w") as errors,
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        last = ""
        while not last.startswith("{"):
            last = process.stdout.readline()
            assert last, (folder / "errors").read_text()
        assert json.loads(last)["events_stored"] > 0
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_END_SECONDS)
            Path("soak-stack.log").write_bytes((folder / "demo/log.txt").read_bytes())


if __name__ == "__main__":
    main()
