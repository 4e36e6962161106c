"""Events and daily usage in memory, with Timestream's manners: what exists is kept, a higher version replaces."""

import contextlib
import dataclasses
import datetime as dt
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.day_totals import day_totals_of
from signtally.domain.events import ReceivedEvent
from signtally.domain.schemas import (
    ARRIVALS,
    DAILY_USAGE,
    DAY_TOTALS,
    EVENT_DAYS,
    EVENTS,
    IDENTITY,
    RESTATEMENTS,
    STANDING_ROWS,
    STORED_USAGE,
    TENANT_DAYS,
    event_row,
)
from signtally.domain.time_units import UNIX_EPOCH
from signtally.domain.user_counts import USER_COUNTS, UserSelection, page_of
from signtally.memory.documents import EVER, FOR_EVER, MemoryDocuments, together
from signtally.ports.usage_store import ALL_COLUMNS, WriteOutcome, WriteResult

_EventIdentity = tuple[str, str, str, str, dt.datetime]
_RowIdentity = tuple[str, str, dt.date]
_Row = dict[str, object]

_TEXT_LIMIT_BYTES = 1_792  # that of Timestream


class MemoryUsageStore(MemoryDocuments):
    """*refusal* answers for an event that the store will never take, as Timestream does for one that is too old."""

    def __init__(self, *, refusal: Callable[[ReceivedEvent], WriteOutcome | None] = lambda _: None) -> None:
        self._refusal = refusal
        self._events: dict[_EventIdentity, ReceivedEvent] = {}
        self._nameless: set[_EventIdentity] = set()
        self._rows: dict[_RowIdentity, tuple[int, _Row]] = {}
        self._restatements = RESTATEMENTS.to_frame()
        self._superseded = IDENTITY.to_frame()
        self._generation = uuid.uuid4().hex
        self._lock = threading.Lock()

    def check(self) -> None:
        """A dictionary is always there."""

    @property
    def text_limit_bytes(self) -> int:
        return _TEXT_LIMIT_BYTES

    @property
    def refuses_repeated_ids(self) -> bool:
        return False

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        with self._lock:
            return [self._refusal(received) or self._put(received) for received in events]

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._events_of(tenant_ids, since, until)

    @contextlib.contextmanager
    def scan_events(
        self,
        *,
        since: dt.datetime,
        until: dt.datetime,
        tenant_ids: Sequence[str] | None,
        columns: Sequence[str] = ALL_COLUMNS,
    ) -> Iterator[pl.LazyFrame]:
        with _readable(self._events_of(tenant_ids, since, until).select(columns)) as rows:
            yield rows

    def days_with_events(
        self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        days = {
            (found.event.tenant_id, found.event.occurred_at.astimezone(dt.UTC).date())
            for found in self._between(since, until)
            if tenant_ids is None or found.event.tenant_id in tenant_ids
        }
        return pl.DataFrame(sorted(days), schema=EVENT_DAYS, orient="row")

    def has_events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None) -> bool:
        return not self._events_of(tenant_ids, since, until).is_empty()

    def put_daily_usage(
        self, rows: pl.DataFrame, *, version: int, counted_at: dt.datetime | None = None
    ) -> pl.DataFrame:
        instant = counted_at or UNIX_EPOCH + dt.timedelta(microseconds=version)
        with self._lock:
            tried = rows.match_to_schema(DAILY_USAGE).iter_rows(named=True)
            standing = [self._put_row(row | {"counted_at": instant}, version) for row in tried]
        versions = pl.Series(standing, dtype=pl.Int64)
        refused = rows.with_columns(version=versions).filter(pl.col("version").is_not_null())
        return refused.match_to_schema(STANDING_ROWS, extra_columns="ignore")

    def usage_generation(self) -> str:
        return self._generation

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._usage_of(tenant_ids, first, last)

    def has_daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str] | None) -> bool:
        return not self._usage_of(tenant_ids, first, last).is_empty()

    def day_totals(
        self, tenant_id: str, *, first: dt.date, last: dt.date, user_ids: Sequence[str] | None
    ) -> pl.DataFrame:
        rows = self._usage_of([tenant_id], first, last)
        wanted = rows if user_ids is None else rows.filter(pl.col("user_id").is_in(list(user_ids)))
        return day_totals_of(wanted)

    def user_usage(self, tenant_id: str, *, first: dt.date, last: dt.date, page: UserSelection) -> pl.DataFrame:
        rows = self._usage_of([tenant_id], first, last).sort("day")
        latest = [pl.col(name).drop_nulls().last() for name in ("user_name", "user_email")]
        users = rows.group_by("user_id").agg(pl.col(MEASURES).sum(), *latest).match_to_schema(USER_COUNTS)
        return page_of(users, page)

    def first_usage_day(self, tenant_id: str) -> dt.date | None:
        rows = self._usage_of([tenant_id], dt.date.min, dt.date.max)
        days = rows.filter(pl.any_horizontal(pl.col(MEASURES) != 0))["day"]
        return None if days.is_empty() else days.sort()[0]

    @contextlib.contextmanager
    def scan_daily_usage(
        self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str] | None
    ) -> Iterator[pl.LazyFrame]:
        with _readable(self._usage_of(tenant_ids, first, last)) as rows:
            yield rows

    def put_restatements(self, rows: pl.DataFrame) -> None:
        with self._lock:
            self._restatements.extend(rows.match_to_schema(RESTATEMENTS))

    def restatements(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        of_days = pl.col("tenant_id").is_in(list(tenant_ids)) & pl.col("day").is_between(first, last)
        with self._lock:
            return self._restatements.filter(of_days)

    def repeated_events(self, *, since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
        rows = [event_row(found) for found in self._between(since, until)]
        events = pl.DataFrame(rows, schema=EVENTS, orient="row").select([*ARRIVALS])
        return events.filter(pl.len().over("event_id") > 1)

    def put_superseded(self, rows: pl.DataFrame) -> None:
        with self._lock:
            self._superseded = pl.concat([self._superseded, rows.match_to_schema(IDENTITY)]).unique()

    def superseded(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None) -> pl.DataFrame:
        within = pl.col("occurred_at").is_between(since, until, closed="left")
        wanted = pl.lit(value=True) if tenant_ids is None else pl.col("tenant_id").is_in(list(tenant_ids))
        with self._lock:
            return self._superseded if self._superseded.is_empty() else self._superseded.filter(within, wanted)

    def day_totals_by_tenant(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        found = ((each, self.day_totals(each, first=first, last=last, user_ids=None)) for each in tenant_ids)
        return together(DAY_TOTALS, found)

    def first_usage_days(self, tenant_ids: Sequence[str]) -> pl.DataFrame:
        days = [(each, day) for each in tenant_ids if (day := self.first_usage_day(each)) is not None]
        return pl.DataFrame(days, schema=TENANT_DAYS, orient="row")

    @property
    def names_hidden_after_seconds(self) -> float:
        return 0.0  # it hides nobody's

    def events_with_names(self, tenant_id: str, user_id: str | None) -> pl.DataFrame:
        return _named(self._events_of([tenant_id], EVER, FOR_EVER), user_id)

    def usage_with_names(self, tenant_id: str, user_id: str | None) -> pl.DataFrame:
        return _named(self._usage_of([tenant_id], dt.date.min, dt.date.max), user_id)

    def put_nameless(self, events: pl.DataFrame) -> None:
        with self._lock:
            for tenant_id, user_id, action, event_id, at in events.select([*IDENTITY]).iter_rows():
                stored = self._events[tenant_id, user_id, action, event_id, at]
                nameless = dataclasses.replace(stored.event, user_name=None, user_email=None)
                self._events[_identity(stored)] = dataclasses.replace(stored, event=nameless)
                self._nameless.add(_identity(stored))

    def revision(self, tenant_id: str) -> str | None:
        with self._lock:
            events = sum(found.event.tenant_id == tenant_id for found in self._events.values())
            versions = sorted((str(key), row[0]) for key, row in self._rows.items() if key[0] == tenant_id)
            corrections = [len(each.filter(tenant_id=tenant_id)) for each in (self._restatements, self._superseded)]
        return str((events, versions, corrections))

    def provision(self) -> bool:
        return False  # a dictionary needs no making

    def drop_expired(self, *, now: dt.datetime, dry_run: bool = False) -> list[str]:
        """None: it keeps everything."""
        del now, dry_run
        return []

    def _put(self, received: ReceivedEvent) -> WriteOutcome:
        if _identity(received) in self._nameless:
            return WriteOutcome(WriteResult.DUPLICATE)
        first = self._events.setdefault(_identity(received), received)
        return WriteOutcome(WriteResult.STORED if first == received else WriteResult.DUPLICATE)

    def _put_row(self, row: _Row, version: int) -> int | None:
        """The version that stands in the way of this one."""
        identity = (str(row["tenant_id"]), str(row["user_id"]), dt.date.fromisoformat(str(row["day"])))
        standing_version, standing = self._rows.get(identity, (0, {}))
        if version < standing_version or (version == standing_version and row != standing):
            return standing_version
        self._rows[identity] = (version, row)
        return None

    def _events_of(self, tenant_ids: Sequence[str] | None, since: dt.datetime, until: dt.datetime) -> pl.DataFrame:
        wanted = _everybody_or(tenant_ids)
        rows = [event_row(found) for found in self._between(since, until) if wanted(found.event.tenant_id)]
        return pl.DataFrame(rows, schema=EVENTS, orient="row")

    def _usage_of(self, tenant_ids: Sequence[str] | None, first: dt.date, last: dt.date) -> pl.DataFrame:
        wanted = _everybody_or(tenant_ids)
        with self._lock:
            rows = [
                row
                for (tenant_id, _, day), (_, row) in self._rows.items()
                if wanted(tenant_id) and first <= day <= last
            ]
        return pl.DataFrame(rows, schema=STORED_USAGE)

    def _between(self, since: dt.datetime, until: dt.datetime) -> Iterable[ReceivedEvent]:
        with self._lock:
            return [found for found in self._events.values() if since <= found.event.occurred_at < until]


def _named(rows: pl.DataFrame, user_id: str | None) -> pl.DataFrame:
    named = rows.filter(pl.col("user_name").is_not_null() | pl.col("user_email").is_not_null())
    return named if user_id is None else named.filter(pl.col("user_id") == user_id)


def _everybody_or(tenant_ids: Sequence[str] | None) -> Callable[[str], bool]:
    return (lambda _: True) if tenant_ids is None else set(tenant_ids).__contains__


@contextlib.contextmanager
def _readable(rows: pl.DataFrame) -> Iterator[pl.LazyFrame]:
    """A lazy frame that, like one over files, fails once the context has ended."""
    is_open = True

    def read(batch: pl.DataFrame) -> pl.DataFrame:
        if not is_open:
            raise FileNotFoundError("what was read in bulk is gone with its context")
        return batch

    try:
        yield rows.lazy().map_batches(read, validate_output_schema=False)
    finally:
        is_open = False


def _identity(received: ReceivedEvent) -> _EventIdentity:
    event = received.event
    return event.tenant_id, event.user_id, event.action, event.event_id, event.occurred_at
