"""Running the `signtally` command: in this process (quick), or as the installed program (as a script does)."""

import contextlib
import dataclasses
import io
import json
import logging
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from signtally.cli import main
from signtally.settings import Settings

SIGNTALLY = Path(sys.executable).with_name("signtally")
_CHATTY = ("botocore", "boto3", "urllib3", "httpx", "fontTools", "weasyprint")  # whose levels the command sets


@dataclasses.dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """The last line of stdout."""
        return json.loads(self.out.splitlines()[-1])

    def failed_with(self, *words: str) -> bool:
        """Whether it ended with an exit code, one clear message and no traceback."""
        return self.code != 0 and "Traceback" not in self.err and all(word in self.err for word in words)


def names_of(settings: Settings) -> dict[str, str]:
    """The environment variables by which a command uses the queues, the bucket and the database of *settings*."""
    return {
        "SIGNTALLY_QUEUE": settings.queue,
        "SIGNTALLY_DEAD_LETTER_QUEUE": settings.dead_letter_queue,
        "SIGNTALLY_REPORT_QUEUE": settings.report_queue,
        "SIGNTALLY_REPORT_DEAD_LETTER_QUEUE": settings.report_dead_letter_queue,
        "SIGNTALLY_MAIL_EVENTS_QUEUE": settings.mail_events_queue,
        "SIGNTALLY_MAIL_EVENTS_DEAD_LETTER_QUEUE": settings.mail_events_dead_letter_queue,
        "SIGNTALLY_BUCKET": settings.bucket,
        "SIGNTALLY_DATABASE": settings.database,
        "SIGNTALLY_USAGE_STORE": settings.usage_store.get_secret_value(),
    }


@dataclasses.dataclass(frozen=True)
class Command:
    """`signtally ARGUMENTS…` in this process; an interpreter and its imports cost a second each time.

    It has the working directory, environment, output, logging and signal handlers of a process of its own.
    """

    directory: Path
    names: Mapping[str, str]

    def __call__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
        with (
            mock.patch.dict(os.environ, {**self.names, **(environment or {})}),
            mock.patch.object(sys, "argv", ["signtally", *arguments]),
            contextlib.chdir(self.directory),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            logging_set_back(),
            _signal_handlers_set_back(),
        ):
            code = _exit_code()
        return Ran(code, _text(out), _text(err))


@dataclasses.dataclass(frozen=True)
class Program:
    """`signtally ARGUMENTS…` as the installed program, in a process of its own."""

    directory: Path
    names: Mapping[str, str]
    timeout_seconds: float = 100

    def __call__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [str(SIGNTALLY), *arguments],
            env={**os.environ, **self.names, **(environment or {})},
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=self.timeout_seconds,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)


Signtally = Command | Program


def _exit_code() -> int:
    """Run the command, and return what the interpreter would end with."""
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001 -- the interpreter catches everything too
        traceback.print_exc()
        return 1
    return 0


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    binary = stream.buffer
    assert isinstance(binary, io.BytesIO)
    return binary.getvalue().decode()


@contextlib.contextmanager
def logging_set_back() -> Iterator[None]:
    """Let the command set up logging anew, then put back the handlers and levels of this process."""
    loggers = [logging.getLogger(), *map(logging.getLogger, _CHATTY)]
    levels, handlers = [logger.level for logger in loggers], logging.root.handlers
    logging.root.handlers = []
    try:
        yield
    finally:
        logging.root.handlers = handlers
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextlib.contextmanager
def _signal_handlers_set_back() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
