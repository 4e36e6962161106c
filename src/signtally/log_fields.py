"""What every log line says of its own accord while something is worked on: such as its tenant."""

import contextlib
import contextvars
from collections.abc import Iterator, Mapping

_fields: contextvars.ContextVar[dict[str, str] | None] = contextvars.ContextVar("signtally_log_fields", default=None)


@contextlib.contextmanager
def log_fields(**fields: str) -> Iterator[None]:
    """Lines of this block, and of what `signtally.threads` calls for it, have these *fields* too."""
    token = _fields.set({**(_fields.get() or {}), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


def add_log_fields(**fields: str) -> None:
    """From now on lines of the innermost block have these too, wherever they are written; outside of one, nothing."""
    if (known := _fields.get()) is not None:
        known |= fields


def current_log_fields() -> Mapping[str, str]:
    return _fields.get() or {}
