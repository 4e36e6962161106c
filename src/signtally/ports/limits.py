"""Limits that all programs together keep to, so that a service is not asked for more than it gives."""

import contextlib
import enum
from contextlib import AbstractContextManager
from typing import Protocol


class Limited(enum.StrEnum):
    """What is limited."""

    QUERIES = "timestream-queries"  # at once
    UNLOADS = "timestream-unloads"  # at once
    MAILS = "mails"  # a second


class Limits(Protocol):
    """Whoever knows what the other programs do. Methods never raise: where nobody knows, the work goes on."""

    def slot(self, work: Limited) -> AbstractContextManager[None]:
        """Wait until one more may begin; the block is what is limited."""
        ...

    def wait_for_turn(self, work: Limited) -> None:
        """Wait until one more of so many a second is allowed."""
        ...


class NoLimits:
    """Nothing is limited: for commands, the API and tests."""

    def slot(self, work: Limited) -> AbstractContextManager[None]:
        del work
        return contextlib.nullcontext()

    def wait_for_turn(self, work: Limited) -> None:
        del work
