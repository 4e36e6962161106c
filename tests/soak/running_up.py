"""`signtally up` in a directory of its own, on free ports."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from signtally.local.local_aws import LocalAws
from signtally.local.stack import Stack
from signtally.loopback import free_port
from tests.support.commands import SIGNTALLY

_END_SECONDS = 120


@contextlib.contextmanager
def running_up(folder: Path, *, settings: Mapping[str, str], log: Path) -> Iterator[tuple[int, Stack]]:
    """Yield its process id and what it started, once all is ready; what it says goes to *log*. It ends with the block.

    Raises AssertionError, with the end of its log, when it does not start.
    """
    aws = LocalAws(free_port(0), free_port(0), folder / "data")
    stack = Stack(aws, free_port(0), free_port(0))
    ports = [f"--port={aws.port}", f"--timestream-port={aws.timestream_port}"]
    ports += [f"--api-port={stack.api_port}", f"--prefect-port={stack.prefect_port}"]
    command = [str(SIGNTALLY), "up", "--json", f"--data={aws.data}", *ports]
    with (
        log.open("w", encoding="utf-8") as said,
        subprocess.Popen(
            command, cwd=folder, env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=said, text=True
        ) as process,
    ):
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready, log.read_text(encoding="utf-8")[-3000:]
        try:
            assert json.loads(ready)["environment"] == stack.shell_environment
            yield process.pid, stack
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_END_SECONDS)
