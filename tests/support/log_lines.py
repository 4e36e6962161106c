"""What a program writes to its log, in this process."""

import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest import mock

from signtally.logs import JSON, configure_logs
from tests.support.commands import logging_set_back


class Log(io.StringIO):
    """Stands for stderr; a terminal if *is_terminal*."""

    is_terminal = False

    def isatty(self) -> bool:
        return self.is_terminal

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Each as the JSON object that it is."""
        return [json.loads(line) for line in self.getvalue().splitlines()]


@contextlib.contextmanager
def logged(
    log_format: str = JSON, *, is_terminal: bool = False, more: Callable[[], Mapping[str, object]] = dict
) -> Iterator[Log]:
    """Log as programs do during the block."""
    log = Log()
    log.is_terminal = is_terminal
    chosen = mock.patch.dict(os.environ, {"SIGNTALLY_LOG_FORMAT": log_format})
    with chosen, contextlib.redirect_stderr(log), logging_set_back():
        configure_logs(more)
        yield log
