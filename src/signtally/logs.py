"""Log lines of every program: JSON for machines, text for a person at a terminal; nothing secret, nobody's address.

Both go to stderr through one handler, and so do those of libraries. A line's own fields (`extra`) and what is being
worked on (`log_fields`) are members of its JSON object; a text line ends with the latter.
"""

import datetime as dt
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import TextIO

from signtally.domain.redaction import without_secrets
from signtally.log_fields import current_log_fields

JSON, TEXT, AUTO = "json", "text", "auto"
_SETTING = "SIGNTALLY_LOG_FORMAT"
_CHATTY = ("botocore", "boto3", "urllib3", "httpx", "httpcore", "mangum", "fontTools", "weasyprint")
_OWN_ATTRIBUTES = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"}
Fields = Mapping[str, object]


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is by now, should somebody have redirected it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _Lines(logging.Formatter):
    """What both notations share; *more* are fields that whoever runs the program knows, such as the run's id."""

    def __init__(self, more: Callable[[], Fields]) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")
        self._more = more

    def context(self) -> dict[str, object]:
        return {**self._more(), **current_log_fields()}


class TextLines(_Lines):
    """`2026-10-03 14:05:09,123 WARNING what happened [tenant=acme shard=1/4]`."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- the base's name
        line = super().formatMessage(record)
        said = [f"{name}={value}" for name, value in self.context().items() if _is_worth_it(name, str(value), line)]
        return f"{line} [{' '.join(said)}]" if said else line


class JsonLines(_Lines):
    """One JSON object a line: timestamp (UTC), level, logger, message, fields, and the traceback as `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        own = {name: value for name, value in vars(record).items() if name not in _OWN_ATTRIBUTES}
        line: dict[str, object] = {
            "timestamp": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self.context(),
            **own,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        plain = {name: without_secrets(value) if isinstance(value, str) else value for name, value in line.items()}
        return json.dumps(plain, ensure_ascii=False, default=lambda value: without_secrets(str(value)))


def configure_logs(more: Callable[[], Fields] = dict) -> None:
    """Send every line from INFO on to stderr, in the notation of `SIGNTALLY_LOG_FORMAT`: once, or again and again.

    What others have set up to write there (Prefect, uvicorn) writes through the same handler from now on.
    """
    lines = JsonLines(more) if _wants_json() else TextLines(more)
    handler = _Stderr(sys.stderr)
    handler.setFormatter(lines)
    for logger in (logging.root, *logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):  # others are placeholders for one
            _take_over(logger)
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.INFO)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _wants_json() -> bool:
    """Any other value than these is a matter of `Settings`, which says so."""
    chosen = os.environ.get(_SETTING, "").strip().lower()
    return chosen == JSON or (chosen != TEXT and not sys.stderr.isatty())


def _is_worth_it(name: str, value: str, line: str) -> bool:
    """To a person: names of runs say more than their ids, and nothing is said twice."""
    return not name.endswith("_run_id") and value not in line


def _take_over(logger: logging.Logger) -> None:
    """Remove what writes to stderr; what it wrote goes on to the root logger."""
    for each in [*logger.handlers]:
        if isinstance(each, logging.StreamHandler) and each.stream in (sys.stderr, sys.__stderr__):
            logger.removeHandler(each)
            logger.propagate = True
