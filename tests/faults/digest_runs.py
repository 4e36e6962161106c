"""Digest runs in processes of their own: for each instant on stdin one is forked, whose id is answered on stdout.

Forked, not started: an interpreter and its imports would take a second each. Nothing is connected before, and whatever
every run would read or compile is at hand.
"""

import dataclasses
import datetime as dt
import gc
import logging
import os
import signal
import sys

from signtally import wiring
from signtally.aws.clients import AwsClients
from signtally.domain.tenants import TenantProfile
from signtally.memory.objects import MemoryObjectStore
from signtally.render.files import render
from signtally.render.formats import Formats
from signtally.render.templating import environment
from signtally.services import Services
from signtally.stores.tenants import Tenants
from signtally.use_cases.delivering.digesting import run_digests


def main() -> None:
    logging.basicConfig(level=logging.CRITICAL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever asked for a run sees by a pidfd when it ends
    services = dataclasses.replace(wiring.services(), renderer=render)
    _warm_up()
    gc.freeze()  # so that no run copies all of this when it looks for garbage
    for line in sys.stdin:
        instant = dt.datetime.fromisoformat(line.strip())
        if (pid := os.fork()) == 0:
            _run(services.at(instant))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _warm_up() -> None:
    """What each run would read and compile anew after its fork. Nothing connects, and Polars starts no thread."""
    AwsClients().s3.get_paginator("list_objects_v2")  # botocore looks through its services for the first one
    Tenants(MemoryObjectStore()).all()  # the names of time zones
    formats = Formats.of(TenantProfile(tenant_id="acme"))
    formats.number(1)
    for name in ("subject.txt", "body.txt", "body.html"):
        environment(formats.words).get_template(f"email/digest/{name}")


def _run(services: Services) -> None:
    try:
        run_digests(services=services)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
