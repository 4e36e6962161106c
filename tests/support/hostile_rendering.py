"""A rendering that does what the format says: hang, eat memory, end its process, or render after all."""

import os
import signal
import sys
import time
from pathlib import Path

from signtally.domain.snapshot import ReportIdentity, UsageSnapshot
from signtally.render import files
from signtally.render.files import RenderedFile


def warm_up() -> None:
    """Nothing: it is enough that the process runs."""


def render(format: str, snapshot: UsageSnapshot, identity: ReportIdentity) -> RenderedFile:  # noqa: A002 -- as in the product
    what, _, marker = format.partition(":")
    match what:
        case "hang":
            time.sleep(600)
        case "eat":
            eaten = [bytearray(1 << 20) for _ in range(4_000)]
            return RenderedFile("", "", bytes(len(eaten)))
        case "end":
            os.kill(os.getpid(), signal.SIGKILL)
        case "end-once" if not Path(marker).exists():
            Path(marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        case "slow":
            Path(marker).touch()
            time.sleep(2)
        case "raise":
            raise LookupError("no such glyph")
        case "modules":
            return RenderedFile("", "", "\n".join([*sys.modules, *os.environ]).encode())
    return files.render(what if what in files.CONTENT_TYPES else "csv", snapshot, identity)
