"""What could not be done in this run, and comes again in the next."""

import contextlib
import logging
import traceback
from collections.abc import Iterator, MutableMapping

from signtally.domain.redaction import without_secrets
from signtally.ports.errors import ServiceError

MOST_FAILURES_IN_A_ROW = 5  # of services: the rest of a run would fare no better
_log = logging.getLogger(__name__)


class PendingWork:
    """Attempts at many things, of which one stops no other: *pending* gets what failed, and why."""

    def __init__(self, pending: MutableMapping[str, str]) -> None:
        self._pending = pending
        self._failures_in_a_row = 0

    @property
    def is_hopeless(self) -> bool:
        """Whether services have failed for so many in a row that they do so for everybody."""
        return self._failures_in_a_row >= MOST_FAILURES_IN_A_ROW

    @contextlib.contextmanager
    def attempt(self, about: str) -> Iterator[None]:
        """Log what the block raises, without anybody's address, and go on behind it."""
        try:
            yield
        except ServiceError as error:
            _log.warning("%s: %s", without_secrets(about), without_secrets(str(error)))
            self._pending[about] = str(error)
            self._failures_in_a_row += 1
        except Exception as error:  # noqa: BLE001 -- whatever it is, the run goes on and names it
            _log.error("%s failed\n%s", without_secrets(about), without_secrets(traceback.format_exc()))
            self._pending[about] = f"{type(error).__name__}: {error}"
        else:
            self._failures_in_a_row = 0
