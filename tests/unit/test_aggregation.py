"""Counting events by the tenants' own days, against a plain Python count."""

import collections
import datetime as dt
import random
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.actions import MEASURES, Action
from signtally.domain.aggregation import TenantDay, daily_usage, restatement
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.schemas import DAILY_USAGE
from signtally.memory.usage_store import MemoryUsageStore
from tests.support.examples import examples

ZONES = {"acme": "Asia/Kathmandu", "bolt": "America/Goose_Bay", "coda": "Pacific/Apia", "dune": "America/St_Johns"}
FIRST, LAST = dt.datetime(2011, 10, 28, tzinfo=dt.UTC), dt.datetime(2012, 1, 3, tzinfo=dt.UTC)
# Clock changes of three of the zones, and Apia's missing 30 December.
DAYS = [dt.date(2011, 11, 6), dt.date(2011, 11, 7), *(dt.date(2011, 12, day) for day in (28, 29, 30, 31))]
Row = tuple[str, str, dt.date]

# Few ids and hours, so that ids meet again and days fill up.
instants = st.sampled_from(
    [
        begin + dt.timedelta(minutes=37 * step, microseconds=step)
        for begin in (dt.datetime(2011, 11, 5, 20, tzinfo=dt.UTC), dt.datetime(2011, 12, 28, 20, tzinfo=dt.UTC))
        for step in range(120)
    ]
)


@st.composite
def received_events(draw: st.DrawFn) -> ReceivedEvent:
    event = UsageEvent(
        source="/portal",
        id=str(draw(st.integers(0, 40))),
        action=draw(st.sampled_from(Action)),
        tenant_id=draw(st.sampled_from(sorted(ZONES))),
        user_id=draw(st.sampled_from(["u1", "u2", "=1+1"])),
        document_id="doc",
        occurred_at=draw(instants),
        user_name=draw(st.sampled_from([None, "Ann", "Ann Ash"])),
        user_email=draw(st.sampled_from([None, "ann@acme.example"])),
    )
    return ReceivedEvent(event, FIRST + dt.timedelta(seconds=draw(st.integers(0, 5))), draw(st.sampled_from("mno")))


def frame_of(events: Iterable[ReceivedEvent]) -> pl.DataFrame:
    store = MemoryUsageStore()
    store.put_events(list(events))
    return store.events(since=FIRST, until=LAST, tenant_ids=[*ZONES])


def tenant_days(days: Iterable[dt.date] = DAYS) -> list[TenantDay]:
    return [TenantDay(tenant_id, day, zone) for tenant_id, zone in ZONES.items() for day in days]


def figures(rows: pl.DataFrame) -> dict[Row, dict[str, int]]:
    return {
        (row["tenant_id"], row["user_id"], row["day"]): {name: row[name] for name in MEASURES}
        for row in rows.iter_rows(named=True)
    }


def counted_plainly(events: Sequence[ReceivedEvent], days: Iterable[dt.date] = DAYS) -> dict[Row, dict[str, int]]:
    """The same figures without Polars and without bounds: each event's own local date, first received first."""
    stored: dict[tuple[object, ...], ReceivedEvent] = {}
    for received in events:
        event = received.event
        identity = (event.tenant_id, event.user_id, event.action, event.event_id, event.occurred_at)
        stored.setdefault(identity, received)
    first: dict[tuple[str, dt.date, str], ReceivedEvent] = {}
    for received in sorted(
        stored.values(),
        key=lambda r: (r.received_at, r.message_id, r.event.user_id, r.event.action, r.event.occurred_at),
    ):
        day = received.event.occurred_at.astimezone(ZoneInfo(ZONES[received.event.tenant_id])).date()
        first.setdefault((received.event.tenant_id, day, received.event.event_id), received)
    counts: dict[Row, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for (tenant_id, day, _), received in first.items():
        if day in days:
            counts[tenant_id, received.event.user_id, day][received.event.action] += 1
    return {row: {measure: count[measure] for measure in MEASURES} for row, count in counts.items()}


@given(events=st.lists(received_events(), max_size=60))
def test_figures_equal_a_plain_count_whatever_the_clocks_do(events: list[ReceivedEvent]) -> None:
    rows = daily_usage(frame_of(events).lazy(), days=tenant_days()).collect()
    assert rows.schema == DAILY_USAGE
    assert figures(rows) == counted_plainly(events)


@settings(max_examples=examples(30, soak=1000))
@given(events=st.lists(received_events(), max_size=40))
def test_a_days_figures_do_not_depend_on_what_is_counted_with_it(events: list[ReceivedEvent]) -> None:
    frame = frame_of(events).lazy()
    together = daily_usage(frame, days=tenant_days()).collect()
    apart = pl.concat([daily_usage(frame, days=[day]).collect() for day in tenant_days()])
    order = ["tenant_id", "user_id", "day"]
    assert together.sort(order).equals(apart.sort(order))


@given(events=st.lists(received_events(), max_size=40), seed=st.integers(0, 1000))
def test_the_order_of_rows_read_means_nothing(events: list[ReceivedEvent], seed: int) -> None:
    frame = frame_of(events)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=seed)
    order = ["tenant_id", "user_id", "day"]
    left, right = (daily_usage(each.lazy(), days=tenant_days()).collect().sort(order) for each in (frame, shuffled))
    assert left.equals(right)


def event_at(
    instant: dt.datetime,
    *,
    number: int = 1,
    received: int = 0,
    user_id: str = "u1",
    called: tuple[str | None, str | None] = (None, None),
) -> ReceivedEvent:
    name, email = called
    event = UsageEvent("/portal", str(number), Action.SENT, "acme", user_id, "doc", instant, email, name)
    return ReceivedEvent(event, FIRST + dt.timedelta(seconds=received), "m")


def counted(*events: ReceivedEvent) -> pl.DataFrame:
    days = [TenantDay("acme", dt.date(2011, 12, 28), "Asia/Kathmandu")]
    return daily_usage(frame_of(events).lazy(), days=days).collect()


NOON = dt.datetime(2011, 12, 28, 6, 15, tzinfo=dt.UTC)  # in Kathmandu
LATER = NOON + dt.timedelta(hours=1)


def test_of_one_id_sent_twice_the_first_received_counts_even_when_it_happened_later() -> None:
    rows = counted(event_at(LATER, received=1, user_id="first"), event_at(NOON, received=2, user_id="second"))
    assert rows["user_id"].to_list() == ["first"]


def test_names_are_the_latest_that_the_portal_sent_and_silence_does_not_erase_them() -> None:
    rows = counted(
        event_at(LATER, number=2, called=("Ann Ash", None)),
        event_at(NOON, number=1, called=("Ann", "ann@acme.example")),
        event_at(LATER + dt.timedelta(hours=1), number=3),
    )
    assert rows.select("user_name", "user_email").row(0) == ("Ann Ash", "ann@acme.example")


def test_a_day_without_events_has_no_rows() -> None:
    assert counted(event_at(NOON + dt.timedelta(days=1))).is_empty()
    assert daily_usage(frame_of([event_at(NOON)]).lazy(), days=[]).collect().is_empty()


@given(before=st.lists(received_events(), max_size=40), after=st.lists(received_events(), max_size=40))
def test_writing_a_restatement_makes_old_rows_say_what_new_ones_do(
    before: list[ReceivedEvent], after: list[ReceivedEvent]
) -> None:
    store = MemoryUsageStore()
    existing, wanted = (daily_usage(frame_of(each).lazy(), days=tenant_days()).collect() for each in (before, after))
    store.put_daily_usage(existing, version=1)
    rows = restatement(wanted, existing=existing)
    assert store.put_daily_usage(rows, version=2).is_empty()
    stored = store.daily_usage(first=min(DAYS), last=max(DAYS), tenant_ids=[*ZONES])
    assert {row: each for row, each in figures(stored).items() if any(each.values())} == figures(wanted)
    assert restatement(wanted, existing=stored).is_empty()


@pytest.mark.parametrize("name", ["user_name", "user_email", "timezone"])
def test_a_new_name_or_zone_is_a_restatement_too(name: str) -> None:
    existing = counted(event_at(NOON, called=("Ann", "ann@acme.example")))
    renamed = existing.with_columns(pl.lit("other").alias(name))
    assert restatement(renamed, existing=existing).equals(renamed)
    unnamed = existing.with_columns(user_name=None, user_email=None).match_to_schema(DAILY_USAGE)
    assert restatement(unnamed, existing=unnamed).is_empty()


def test_a_large_day_is_counted_exactly() -> None:
    generator = random.Random(7)  # noqa: S311 -- traffic, not secrets
    events = [
        ReceivedEvent(
            UsageEvent(
                "/portal",
                str(number),
                generator.choice(list(Action)),
                generator.choice(sorted(ZONES)),
                f"u{generator.randrange(50)}",
                "doc",
                FIRST + dt.timedelta(seconds=generator.randrange(60 * 86_400)),
            ),
            FIRST,
            "m",
        )
        for number in range(5_000)
    ]
    days = [FIRST.date() + dt.timedelta(days=offset) for offset in range(60)]
    rows = daily_usage(frame_of(events).lazy(), days=tenant_days(days)).collect()
    assert figures(rows) == counted_plainly(events, days)
