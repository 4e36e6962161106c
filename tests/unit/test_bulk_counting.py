"""Counting what is too much for memory: in parts, in passes, from bulk reads; it always comes to the same."""

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo, available_timezones

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from signtally.domain.actions import Action
from signtally.domain.aggregation import COUNTED_COLUMNS, COUNTED_WITHOUT_IDS, TenantDay, daily_usage
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import spans_of_day
from signtally.domain.repeated_ids import RepeatedIds
from signtally.domain.restatements import RestatementReason
from signtally.domain.schemas import EVENTS, IDENTITY
from signtally.domain.tenant_parts import TenantPart, tenant_parts
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.usage_store import ALL_COLUMNS
from signtally.services import Services
from signtally.stores.touched_hours import TOUCHED
from signtally.use_cases.aggregating.read_back import ReadBackCheck
from signtally.use_cases.aggregating.restating import AggregationOutcome, restate
from signtally.use_cases.aggregating.tenant_days import QUERY_MAX_TENANT_DAYS
from signtally.use_cases.aggregating.written_rows import WrittenRows
from tests.support.fakes import fake_services

DAY = dt.date(2026, 10, 20)
NOON = dt.datetime(2026, 10, 20, 12, tzinfo=dt.UTC)
NOW = NOON + dt.timedelta(days=1)
ROW = ["tenant_id", "user_id", "day"]


class CountingStore(MemoryUsageStore):
    """Remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.columns: list[Sequence[str]] = []  # of each bulk read

    def events(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str]) -> pl.DataFrame:
        self.calls.append("events")
        return super().events(since=since, until=until, tenant_ids=tenant_ids)

    @contextlib.contextmanager
    def scan_events(
        self,
        *,
        since: dt.datetime,
        until: dt.datetime,
        tenant_ids: Sequence[str] | None,
        columns: Sequence[str] = ALL_COLUMNS,
    ) -> Iterator[pl.LazyFrame]:
        self.calls.append("scan_events")
        self.columns.append(columns)
        with super().scan_events(since=since, until=until, tenant_ids=tenant_ids, columns=columns) as rows:
            yield rows

    def superseded(self, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None) -> pl.DataFrame:
        self.calls.append("superseded of all" if tenant_ids is None else "superseded")
        return super().superseded(since=since, until=until, tenant_ids=tenant_ids)


def services_over(store: MemoryUsageStore) -> Services:
    return fake_services(usage_store=store, clock=lambda: NOW)


def event(tenant: int, number: int, *, user: str = "u1", minutes: int = 0, received: int = 0) -> ReceivedEvent:
    happened = NOON + dt.timedelta(minutes=minutes)
    one = UsageEvent("/portal", f"{tenant}-{number}", Action.SENT, f"t{tenant}", user, "doc", happened)
    return ReceivedEvent(one, NOW + dt.timedelta(seconds=received), f"m{received}")


def days_of(tenants: int) -> list[TenantDay]:
    return [TenantDay(f"t{tenant}", DAY, "UTC") for tenant in range(tenants)]


def restated(store: MemoryUsageStore, tenants: int, read_back: ReadBackCheck | None = None) -> AggregationOutcome:
    reason = RestatementReason.LATE_EVENTS
    return restate(days_of(tenants), reason=reason, services=services_over(store), read_back=read_back)


def stored(store: MemoryUsageStore, tenants: int) -> pl.DataFrame:
    names = [f"t{tenant}" for tenant in range(tenants)]
    return store.daily_usage(first=DAY, last=DAY, tenant_ids=names).drop("counted_at").sort(ROW)


MANY = QUERY_MAX_TENANT_DAYS + 100
# One event a tenant; each tenth tenant's came twice, first of another user; each hundredth has one that does not count.
TRAFFIC = [
    *(event(tenant, 1, received=5) for tenant in range(MANY)),
    *(event(tenant, 1, user="first", minutes=1) for tenant in range(0, MANY, 10)),
    *(event(tenant, 2, minutes=2) for tenant in range(0, MANY, 100)),
]


def read(events: Sequence[ReceivedEvent]) -> pl.DataFrame:
    store = MemoryUsageStore()
    store.put_events(events)
    return store.events(since=NOON, until=NOW, tenant_ids=[f"t{tenant}" for tenant in range(MANY)])


class RefusingStore(CountingStore):
    """Says that it refuses repeated ids."""

    refuses_repeated_ids = True


@pytest.fixture
def superseded() -> pl.DataFrame:
    return read([event(tenant, 2, minutes=2) for tenant in range(0, MANY, 100)]).select([*IDENTITY])


def test_many_days_are_read_in_bulk_and_say_what_few_by_query_do(superseded: pl.DataFrame) -> None:
    bulk, query = CountingStore(), CountingStore()
    for store in (bulk, query):
        store.put_events(TRAFFIC)
        store.put_superseded(superseded)
    outcome = restated(bulk, MANY)
    for some in (days_of(MANY)[:QUERY_MAX_TENANT_DAYS], days_of(MANY)[QUERY_MAX_TENANT_DAYS:]):
        restate(some, reason=RestatementReason.RECOUNT, services=services_over(query))
    assert bulk.calls == ["scan_events", "superseded of all"]
    assert query.calls == ["events", "superseded"] * 2
    assert_frame_equal(stored(bulk, MANY), stored(query, MANY))
    assert (outcome.tenant_days, outcome.rows, stored(bulk, MANY)["sent"].sum()) == (MANY, MANY, MANY)
    assert stored(bulk, MANY).filter(user_id="first").height == MANY // 10
    assert restated(bulk, MANY).rows == 0


def test_reads_do_not_grow_with_tenants() -> None:
    asked = []
    for tenants in (MANY, 3 * MANY):
        store = CountingStore()
        store.put_events([event(tenant, 1) for tenant in range(tenants)])
        assert restated(store, tenants).rows == tenants
        asked.append(store.calls)
    assert asked[0] == asked[1]


def test_where_repeated_ids_are_refused_they_are_not_read_unless_some_are_superseded(superseded: pl.DataFrame) -> None:
    """Superseded events come with what was copied from another store; noted ones are looked for by their ids."""
    refusing, other = RefusingStore(), MemoryUsageStore()
    for store in (refusing, other):
        store.put_events([event(tenant, number, minutes=number) for tenant in range(MANY) for number in (1, 2)])
    outcome = restated(refusing, MANY)
    assert outcome == restated(other, MANY)
    assert refusing.columns == [COUNTED_WITHOUT_IDS]
    refusing.put_superseded(superseded)
    other.put_superseded(superseded)
    assert restated(refusing, MANY) == restated(other, MANY) != outcome
    assert refusing.columns[1:] == [COUNTED_WITHOUT_IDS, COUNTED_COLUMNS]


def test_bulk_reads_tell_which_noted_events_they_saw() -> None:
    store = MemoryUsageStore()
    store.put_events([event(tenant, 1) for tenant in range(MANY)])
    keys = [(f"t{tenant}", NOON, event(tenant, 1).event.event_id, "late-events") for tenant in (1, 2, MANY + 1)]
    written = WrittenRows(store, MemoryObjectStore())
    read_back = ReadBackCheck(pl.DataFrame(keys, schema=TOUCHED, orient="row"), written=written)
    restated(store, MANY, read_back)
    assert read_back.not_visible()["tenant_id"].to_list() == [f"t{MANY + 1}"]


@pytest.mark.parametrize("size", [1, 100, 10_000])
def test_parts_and_passes_come_to_the_whole(size: int, superseded: pl.DataFrame) -> None:
    events = read(TRAFFIC).lazy()
    whole = RepeatedIds.among(events, superseded=superseded)
    passes = RepeatedIds.among(events, superseded=superseded, ids_per_pass=100)
    assert set(passes.hashes["hash"]) == set(whole.hashes["hash"])
    days, parts = days_of(MANY), [*tenant_parts(events, size=size)]
    assert len(parts) == 1 + len(TRAFFIC) // size
    some = parts[:20]  # of a thousand; together with the rest they hold every tenant
    assert sorted(day.tenant_id for part in parts for day in part.days(days)) == sorted(day.tenant_id for day in days)
    apart = pl.concat([daily_usage(part.rows(events), days=part.days(days), ids=passes).collect() for part in some])
    mine = [day for part in some for day in part.days(days)]
    assert_frame_equal(apart.sort(ROW), daily_usage(events, days=mine, ids=whole).collect().sort(ROW))


def test_a_part_takes_rows_and_days_of_the_same_tenants() -> None:
    part, days = TenantPart(1, 3), days_of(50)
    rows = pl.LazyFrame({"tenant_id": [day.tenant_id for day in days]})
    assert part.rows(rows).collect()["tenant_id"].to_list() == [day.tenant_id for day in part.days(days)]


def test_days_begin_where_the_calendar_says_in_every_zone() -> None:
    """On days of clock changes, of changes across midnight (Goose Bay), of a skipped date (Apia), and on plain ones."""
    dates = [dt.date(2008, 11, 2), dt.date(2010, 10, 16), dt.date(2011, 12, 30), dt.date(2026, 3, 29), DAY]
    zones = sorted(available_timezones())
    edges = [
        (zone, day, edge)
        for zone in zones
        for day in dates
        for span in spans_of_day(day, ZoneInfo(zone))
        for edge in (span[0], span[1] - dt.timedelta(microseconds=1))
    ]
    rows = [
        {
            "tenant_id": zone,
            "user_id": f"{day}",
            "action": str(Action.SENT),
            "event_id": f"{number}",
            "occurred_at": edge,
        }
        | {"received_at": edge, "message_id": "m", "document_id": "d"}
        for number, (zone, day, edge) in enumerate(edges)
    ]
    counted = daily_usage(
        pl.LazyFrame(rows, schema=EVENTS), days=[TenantDay(zone, day, zone) for zone in zones for day in dates]
    ).collect()
    assert counted["sent"].sum() == len(edges)
    assert (counted["user_id"] == counted["day"].cast(pl.String)).all()
