"""Where events and daily usage live: Timestream today, another database tomorrow; no caller may know which."""

import dataclasses
import datetime as dt
import enum
from collections.abc import Sequence
from typing import Protocol

import polars as pl

from signtally.domain.events import ReceivedEvent


class WriteResult(enum.Enum):
    STORED = "stored"
    DUPLICATE = "duplicate"  # the identity exists already with other values: the first received wins
    REFUSED = "refused"  # for good: it will not be accepted later either


@dataclasses.dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What became of one event; *reason* (a short code) and *detail* (for a person) say why it was refused."""

    result: WriteResult
    reason: str = ""
    detail: str = ""


class UsageStore(Protocol):
    """Methods raise a ServiceError of `signtally.ports.errors`; ServiceUnavailableError means: try again later."""

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        """Write up to 100 events of distinct identity in one request; one outcome each, in order. Idempotent."""
        ...

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        """Events with since ≤ occurred_at < until, in the schema `signtally.domain.aggregation.EVENTS`."""
        ...

    def days_with_events(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        """Tenants and the days of UTC on which they have events, schema EVENT_DAYS; of every tenant with None."""
        ...

    def put_daily_usage(self, rows: pl.DataFrame, *, version: int) -> int:
        """Write rows of schema DAILY_USAGE over older versions; return how many were written.

        A row that stands in a higher version stays; so does one in the same version with other figures.
        """
        ...

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        """Rows of schema DAILY_USAGE with first ≤ day ≤ last; rows that were restated to zero come too."""
        ...

    def provision(self) -> bool:
        """Create database and tables unless they exist; whether anything had to be made."""
        ...
