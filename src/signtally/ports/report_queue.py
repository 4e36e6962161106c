"""How a report gets made without its asker waiting for it."""

from typing import Protocol

from signtally.domain.reports import ReportKey


class ReportQueueUnavailableError(Exception):
    """Nobody takes orders now (no Prefect server): the report was not ordered; the text says what to do."""


class ReportQueue(Protocol):
    def order(self, key: ReportKey) -> str:
        """Have the requested version made soon; return the run's name as operators see it."""
        ...
