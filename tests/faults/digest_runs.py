"""Digest runs in processes of their own: for each instant on stdin one is forked, whose id is answered on stdout.

Forked, not started: an interpreter and its imports would take a second each. Nothing is connected before.
"""

import dataclasses
import datetime as dt
import logging
import os
import signal
import sys

from signtally import wiring
from signtally.render.files import render
from signtally.services import Services
from signtally.use_cases.digesting import run_digests


def main() -> None:
    logging.basicConfig(level=logging.CRITICAL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever asked for a run sees by a pidfd when it ends
    services = dataclasses.replace(wiring.services(), renderer=render)
    for line in sys.stdin:
        instant = dt.datetime.fromisoformat(line.strip())
        if (pid := os.fork()) == 0:
            _run(services.at(instant))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _run(services: Services) -> None:
    try:
        run_digests(services=services)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
