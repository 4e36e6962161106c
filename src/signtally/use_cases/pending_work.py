"""What could not be done in this run, and comes again in the next."""

import contextlib
import logging
from collections.abc import Iterator, MutableMapping

from signtally.ports.errors import ServiceError

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def pending_if_it_fails(about: str, pending: MutableMapping[str, str]) -> Iterator[None]:
    """Log what the block raises and add the reason to *pending*, by what it is *about*: one thing stops no other."""
    try:
        yield
    except ServiceError as error:
        _log.warning("%s: %s", about, error)
        pending[about] = str(error)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the run goes on and names it
        _log.exception("%s failed", about)
        pending[about] = f"{type(error).__name__}: {error}"
