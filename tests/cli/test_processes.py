"""Children of ours end with us, however we end."""

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from signtally.local.processes import ChildError, Program, Supervisor
from signtally.loopback import PortInUseError, free_port, require_free

# Starts a child that would live for ever, tells its process id, and waits.
_PARENT = """
import sys
from signtally.local.processes import Program, Supervisor
with Supervisor(log=lambda line: print(line, flush=True)) as supervisor:
    command = [sys.executable, "-c", "import os, signal; print(os.getpid(), flush=True); signal.pause()"]
    supervisor.start(Program("child", command))
    supervisor.wait()
"""

# As `tests.conftest` begins, and a server that a test started.
_TESTS = """
import signal, subprocess
from tests.support.leftovers import end_with_this_process
end_with_this_process()
print(subprocess.Popen(["sleep", "300"]).pid, flush=True)
signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_child_does_not_outlive_its_parent(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline().decode().rpartition("│")[2]))
        parent.send_signal(number)
        parent.wait(30)
    _wait_for_end(child)


def test_what_tests_start_does_not_outlive_them() -> None:
    program = [sys.executable, "-c", _TESTS]
    with subprocess.Popen(program, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as tests:
        assert tests.stdout is not None
        child = os.pidfd_open(int(tests.stdout.readline()))
        tests.kill()
    _wait_for_end(child)


def test_a_child_that_ends_by_itself_is_started_once_more_and_then_reported() -> None:
    said: list[str] = []
    with Supervisor(log=said.append) as supervisor:
        supervisor.start(Program("brief", ["/bin/sh", "-c", "echo here; exit 3"]))
        with pytest.raises(ChildError, match="brief ended by itself with code 3"):
            supervisor.wait()
    assert [line.rpartition("│")[2].strip() for line in said] == [
        "here",
        "brief ended by itself with code 3: it is started again",
        "here",
    ]


def test_a_child_that_ends_before_it_is_ready_is_reported() -> None:
    nowhere = f"http://127.0.0.1:{free_port(0)}/"
    with Supervisor(log=lambda _: None) as supervisor:
        supervisor.start(Program("brief", [sys.executable, "-c", "raise SystemExit(4)"], health_url=nowhere))
        with pytest.raises(ChildError, match="brief ended with code 4 before it was ready"):
            supervisor.wait_until_ready()


def test_a_program_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with Supervisor(log=lambda _: None) as supervisor, pytest.raises(ChildError, match="absent could not be started"):
        supervisor.start(Program("absent", [str(tmp_path / "absent")]))


def test_a_port_in_use_names_the_option_that_chooses_another() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"port {port} for the API is in use .*--api-port"):
            require_free(port, what="the API", option="--api-port")
        assert free_port(port) != port


def _wait_for_end(pidfd: int) -> None:
    """A process file descriptor becomes readable when its process ends (pidfd_open(2))."""
    try:
        readable, _, _ = select.select([pidfd], [], [], 30)
        assert readable, "the child still runs"
    finally:
        os.close(pidfd)
