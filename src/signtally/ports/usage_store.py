"""Where events and daily usage live: Timestream or PostgreSQL; no caller may know which.

Every method raises a ServiceError of `signtally.ports.errors`; ServiceUnavailableError means: try again later.
"""

import dataclasses
import datetime as dt
import enum
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import polars as pl

from signtally.domain.events import ReceivedEvent
from signtally.domain.schemas import EVENTS
from signtally.domain.user_counts import UserSelection
from signtally.ports.document_store import DocumentStore, ManyTenantsStore

ALL_COLUMNS = tuple(EVENTS)


class WriteResult(enum.Enum):
    """What the store did with one event."""

    STORED = "stored"
    DUPLICATE = "duplicate"  # the identity exists already with other values: the first received wins
    REFUSED = "refused"  # for good: it will not be accepted later either


@dataclasses.dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What became of one event; *reason* (a short code) and *detail* (for a person) say why it was refused."""

    result: WriteResult
    reason: str = ""
    detail: str = ""


class EventStore(Protocol):
    """What happened: one record an event, which never changes.

    Where a store cannot look through all of its ids at once, one that comes again with another time, user, action or
    tenant is another identity: both are stored, and reconciliation finds which does not count. Other stores answer
    DUPLICATE at once; in them no id is ever repeated and nothing superseded, unless it was brought in as such.
    """

    @property
    def text_limit_bytes(self) -> int:
        """How much room one event has for its source, ids, user name and email together, in UTF-8."""
        ...

    @property
    def refuses_repeated_ids(self) -> bool:
        """Whether an id that comes again is refused at once, so that events need not be compared with each other."""
        ...

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        """Write up to 100 events of distinct identity in one request; one outcome each, in order. Idempotent."""
        ...

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        """Events with since ≤ occurred_at < until, in the schema `signtally.domain.schemas.EVENTS`."""
        ...

    def scan_events(
        self,
        *,
        since: dt.datetime,
        until: dt.datetime,
        tenant_ids: Sequence[str] | None,
        columns: Sequence[str] = ALL_COLUMNS,
    ) -> AbstractContextManager[pl.LazyFrame]:
        """What `events` answers, read in bulk, of every tenant with None: dear to begin, cheap a row.

        Of *columns* only these are read, in this order: the fewer, the cheaper. `tenant_id` and `user_id` are among
        them; of the names both, or neither.
        The frame is lazy over files: it can be collected, more than once, until the context ends. What is read, and
        where errors show, is decided when the context is entered.
        """
        ...

    def days_with_events(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        """Tenants and the days of UTC on which they have events, schema EVENT_DAYS; of every tenant with None."""
        ...

    def has_events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None) -> bool:
        """Whether there is any event with since ≤ occurred_at < until: one request, however long the time."""
        ...

    def repeated_events(self, *, since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
        """Of every tenant, schema ARRIVALS: events whose id stands more than once with since ≤ occurred_at < until.

        Always none where a repeated id is refused at once.
        """
        ...


class DailyUsageStore(Protocol):
    """What tenants, users and local days amount to: rows that are written again in higher versions."""

    def put_daily_usage(
        self, rows: pl.DataFrame, *, version: int, counted_at: dt.datetime | None = None
    ) -> pl.DataFrame:
        """Write rows of schema DAILY_USAGE over older versions; return those that were refused, schema STANDING_ROWS.

        A row that stands in a higher version stays; so does one in the same version with other figures. *version* is
        the instant at which the rows were counted, in microseconds since 1970, unless *counted_at* says another.
        """
        ...

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        """Rows of schema STORED_USAGE with first ≤ day ≤ last; rows that were restated to zero come too."""
        ...

    def day_totals(
        self, tenant_id: str, *, first: dt.date, last: dt.date, user_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        """Sums of a tenant's rows by day, first ≤ day ≤ last, schema DAY_TOTALS; of everybody's with None."""
        ...

    def user_usage(self, tenant_id: str, *, first: dt.date, last: dt.date, page: UserSelection) -> pl.DataFrame:
        """Sums of a tenant's rows by user, schema USER_COUNTS, of the users of a page, in order of their ids.

        Users whose rows were all restated to zero come too.
        """
        ...

    def first_usage_day(self, tenant_id: str) -> dt.date | None:
        """The tenant's first day with any figures; None when there is none."""
        ...

    def scan_daily_usage(
        self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str] | None
    ) -> AbstractContextManager[pl.LazyFrame]:
        """What `daily_usage` answers, read in bulk as by `scan_events`."""
        ...

    def has_daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str] | None) -> bool:
        """Whether there is any row with first ≤ day ≤ last, also one restated to zero; one request."""
        ...

    def usage_generation(self) -> str:
        """What tells the rows of daily usage from those that come after all of them were lost, made anew and empty."""
        ...


class CorrectionStore(Protocol):
    """What was put right: days whose figures changed, and events that do not count."""

    def put_restatements(self, rows: pl.DataFrame) -> None:
        """Keep records of schema `signtally.domain.schemas.RESTATEMENTS`."""
        ...

    def restatements(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        """Records about days first ≤ day ≤ last, in any order."""
        ...

    def put_superseded(self, rows: pl.DataFrame) -> None:
        """Remember events, schema IDENTITY, that do not count: their id was received earlier. Idempotent."""
        ...

    def superseded(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None) -> pl.DataFrame:
        """What was remembered of events with since ≤ occurred_at < until, schema IDENTITY; everybody's with None."""
        ...


class NameStore(Protocol):
    """The names that events and rows bear, for whoever takes them out. Of one user, or of everybody with None."""

    @property
    def names_hidden_after_seconds(self) -> float:
        """Until every program that reads through such a store hides the names of a user who was erased just now."""
        ...

    def events_with_names(self, tenant_id: str, user_id: str | None) -> pl.DataFrame:
        """The tenant's events that bear a name or an address, as they are stored, schema EVENTS."""
        ...

    def usage_with_names(self, tenant_id: str, user_id: str | None) -> pl.DataFrame:
        """The tenant's rows of daily usage that bear one, as they are stored, schema STORED_USAGE."""
        ...

    def put_nameless(self, events: pl.DataFrame) -> None:
        """Write these events (schema EVENTS), which are stored, over with what else is known of them.

        Idempotent. From then on a message that brings one of them again is a duplicate.
        """
        ...


class RevisionStore(Protocol):
    """Whether anything has changed, for less than reading it."""

    def revision(self, tenant_id: str) -> str | None:
        """A text that is another one once events, rows or corrections of this tenant were added, replaced or expired.

        None when the store cannot tell. Equal ones do not tell of rows that were written and cannot be read yet.
        """
        ...


class UsageStore(
    EventStore,
    DailyUsageStore,
    CorrectionStore,
    DocumentStore,
    ManyTenantsStore,
    NameStore,
    RevisionStore,
    Protocol,
):
    """All of it, in one database."""

    def check(self) -> None:
        """Raise a ServiceError when events could not be written now; nothing is written."""
        ...

    def provision(self) -> bool:
        """Create database and tables unless they exist; whether anything had to be made."""
        ...

    def drop_expired(self, *, now: dt.datetime, dry_run: bool = False) -> list[str]:
        """Drop what retention has ended by then, beside whoever reads and writes: the names of what goes.

        None where the database drops it by itself. Events that are older than retention are refused, as too old.
        """
        ...
