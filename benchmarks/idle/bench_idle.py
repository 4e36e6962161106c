"""What the whole stack takes while nothing happens: CPU and memory of each of its programs.

    .venv/bin/python benchmarks/idle/bench_idle.py [--seconds 120]

It starts everything that `signtally up` starts, lets it settle for a minute, and looks on. The peer is Prefect's own
server without a deployment or a worker, looked on for as long afterwards.
"""

import argparse
import contextlib
import os
import sys
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))  # local_stack

from local_stack import prefect_server, running_aws, running_stack

SETTLING_SECONDS = 60
_PROGRAMS = {  # what the command line of each has in it
    "SQS, S3 and SES (ministack)": "ministack_program",
    "Timestream (timestream-local)": "timestream_local",
    "Prefect's server": "tasks.prefect_server start",
    "the API and the page": "signtally api",
    "order consumer": "flows.report_orders",
    "worker, with its runs": "warm_worker",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=120, help="for how long to look on")
    seconds = parser.parse_args().seconds
    with running_stack():
        found = _watched(seconds)
    with running_aws(prefect_server):
        (peer,) = (used for name, used in _watched(seconds).items() if name == "Prefect's server")
    print(f"load {os.getloadavg()[0]:.1f}\n\n| program | share of a core | memory |\n|---|---|---|")
    for name, (share, memory) in [*found.items(), ("Prefect's server alone (peer)", peer)]:
        print(f"| {name} | {share:.1%} | {memory / 2**20:.0f} MiB |")
    print(f"| all | {sum(share for share, _ in found.values()):.1%} | |")


def _watched(seconds: int) -> dict[str, tuple[float, int]]:
    """By program, the share of a core that it and its children take, and their memory in bytes at the end."""
    time.sleep(SETTLING_SECONDS)
    began = {child.pid: _cpu_seconds(child) for child in psutil.Process().children()}
    time.sleep(seconds)
    found = {}
    for child in psutil.Process().children():
        found[_name(child)] = ((_cpu_seconds(child) - began[child.pid]) / seconds, _memory_bytes(child))
    return found


def _cpu_seconds(program: psutil.Process) -> float:
    """Of a program, its living children, and those that it has waited for."""
    own = program.cpu_times()
    spent = own.user + own.system + own.children_user + own.children_system
    for child in program.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
            spent += sum(child.cpu_times()[:2])
    return spent


def _memory_bytes(program: psutil.Process) -> int:
    """Of a program and its living children."""
    found = 0
    for each in [program, *program.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            found += each.memory_info().rss
    return found


def _name(program: psutil.Process) -> str:
    command = " ".join(program.cmdline())
    return next(name for name, mark in _PROGRAMS.items() if mark in command)


if __name__ == "__main__":
    main()
