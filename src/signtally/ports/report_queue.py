"""How a report gets made without its asker waiting for it."""

from typing import Protocol

from signtally.domain.reports import ReportRequest
from signtally.errors import SigntallyError


class ReportQueueUnavailableError(SigntallyError):
    """Nobody takes orders now (no Prefect server): the report was not ordered; the text says what to do."""


class ReportQueue(Protocol):
    """Where on-demand reports are ordered from workers."""

    def order(self, request: ReportRequest, *, version: int) -> str:
        """Have the version that was claimed for this request made soon; return the run's name as operators see it.

        Raises ReportQueueUnavailableError.
        """
        ...
