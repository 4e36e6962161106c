"""What tests start ends with the tests, however those end: Ctrl-C and a kill leave no server behind."""

import os
import subprocess
import sys
import uuid

_MARK = "TESTS_RUN"
# Waits for the process *argv[1]* to be gone, then kills whatever has the mark *argv[2]* in its environment; twice more,
# for what that was just starting.
_WATCH = """
import contextlib, os, pathlib, select, signal, sys, time
with contextlib.suppress(ProcessLookupError):  # it is gone already
    select.select([os.pidfd_open(int(sys.argv[1]))], [], [])
for _ in range(3):
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and sys.argv[2].encode() in (entry / "environ").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            pass
    time.sleep(0.2)
"""


def end_with_this_process() -> None:
    """From now on, all that this process starts is killed when it is gone. Linux only; elsewhere nothing happens."""
    if sys.platform != "linux":
        return
    unmarked = {name: value for name, value in os.environ.items() if name != _MARK}
    mark = uuid.uuid4().hex
    os.environ[_MARK] = mark
    watch = [sys.executable, "-I", "-S", "-c", _WATCH, str(os.getpid()), f"{_MARK}={mark}"]
    # A session of its own: a Ctrl-C at the terminal must not reach it. It is never waited for: it lives longer.
    nowhere = subprocess.DEVNULL
    watching = subprocess.Popen(
        watch, env=unmarked, start_new_session=True, stdin=nowhere, stdout=nowhere, stderr=nowhere
    )
    watching.returncode = 0  # or its object would complain at the end
