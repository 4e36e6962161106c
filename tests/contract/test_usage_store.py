"""What every usage store does, the one in memory and Timestream alike."""

import dataclasses
import datetime as dt
import itertools
import uuid
from typing import TYPE_CHECKING

import polars as pl
import pytest

from signtally.aws.clients import AwsClients
from signtally.aws.timestream import TimestreamUsageStore
from signtally.aws.timestream_unload import TimestreamUnload
from signtally.domain.actions import MEASURES, Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.schemas import (
    ARRIVALS,
    DAILY_USAGE,
    DAY_TOTALS,
    EVENT_DAYS,
    EVENTS,
    IDENTITY,
    RESTATEMENTS,
    STORED_USAGE,
    by_tenant,
)
from signtally.domain.user_counts import USER_COUNTS, UserSelection
from signtally.local.local_aws import LocalAws
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import NotProvisionedError, ServiceUnavailableError
from signtally.ports.usage_store import UsageStore, WriteResult

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = dt.datetime.now(dt.UTC).replace(microsecond=123_456)  # Timestream judges times by its own clock
DAY = dt.timedelta(days=1)
STORED, DUPLICATE, REFUSED = WriteResult.STORED, WriteResult.DUPLICATE, WriteResult.REFUSED
# Whatever a portal may call its tenants and users: none of it may end a literal, a list or a query.
AWKWARD = [
    "O'Hara & Söhne",
    "''",
    "'; DROP TABLE events; --",
    "') OR ('1'='1",
    'quoted "twice"',
    "back\\slash\\'",
    "line\nbreak\r\n\ttab",
    "percent % under_score ?",
    "東京株式会社 😀",
    "علي",
    "/* comment */ -- and another",
    "{braces} $1 :name @p",
    " leading and trailing ",
    "x" * 256,
]


@pytest.fixture
def memory_store() -> UsageStore:
    return MemoryUsageStore()


@pytest.fixture
def timestream_store(local_aws: LocalAws) -> UsageStore:
    del local_aws  # it only has to run
    store = timestream(database=f"t-{uuid.uuid4().hex[:12]}")
    assert store.provision()
    return store


@pytest.fixture(params=["memory", "timestream"])
def store(request: pytest.FixtureRequest) -> UsageStore:
    made: UsageStore = request.getfixturevalue(f"{request.param}_store")
    return made


def timestream(*, database: str) -> TimestreamUsageStore:
    clients = AwsClients()
    return TimestreamUsageStore(
        clients.timestream_write,
        clients.timestream_query,
        unload=TimestreamUnload(clients.timestream_query, clients.s3, bucket=database),
        database=database,
        memory_retention_hours=15 * 24,
        magnetic_retention_days=400,
    )


def event(
    number: int = 1, instant: dt.datetime = NOW, *, tenant_id: str = "acme", user_id: str = "u1"
) -> ReceivedEvent:
    happened = UsageEvent("/portal", str(number), Action.SENT, tenant_id, user_id, "doc", instant)
    return ReceivedEvent(happened, instant + dt.timedelta(seconds=2), f"message-{number}")


def full_event() -> ReceivedEvent:
    happened = UsageEvent(
        source="/portal/documents",
        id="01JB2",
        action=Action.COMPLETED,
        tenant_id="acme",
        user_id="u17",
        document_id="doc_8f2c",
        occurred_at=NOW,
        user_email="ann@acme.example",
        user_name="Ann Ash",
        sent_at=NOW - dt.timedelta(days=40, microseconds=1),
    )
    return ReceivedEvent(happened, NOW + dt.timedelta(microseconds=1), "m1")


def results(store: UsageStore, *events: ReceivedEvent) -> list[WriteResult]:
    return [outcome.result for outcome in store.put_events(events)]


def events_of(store: UsageStore, *tenant_ids: str) -> pl.DataFrame:
    return store.events(since=NOW - 300 * DAY, until=NOW + DAY, tenant_ids=tenant_ids)


def usage(*, user_id: str = "u1", day: dt.date | None = None, sent: int = 1, tenant_id: str = "acme") -> pl.DataFrame:
    row = {
        "tenant_id": tenant_id,
        "user_id": user_id,
        "day": day or NOW.date(),
        **dict.fromkeys(MEASURES, 0),
        "sent": sent,
        "user_name": None,
        "user_email": None,
        "timezone": "Asia/Kathmandu",
    }
    return pl.DataFrame([row], schema=DAILY_USAGE)


def usage_of(store: UsageStore, *tenant_ids: str) -> pl.DataFrame:
    today = NOW.date()
    stored = store.daily_usage(first=today - 30 * DAY, last=today + DAY, tenant_ids=tenant_ids)
    assert stored.schema == STORED_USAGE
    return stored.sort("user_id", "day").drop("counted_at")


# Events


def test_an_event_comes_back_as_it_was_to_the_microsecond(store: UsageStore) -> None:
    received = full_event()
    assert results(store, received) == [STORED]
    assert events_of(store, "acme").row(0, named=True) == {
        "tenant_id": "acme",
        "user_id": "u17",
        "action": "completed",
        "event_id": "17:/portal/documents:01JB2",
        "occurred_at": NOW,
        "received_at": received.received_at,
        "message_id": "m1",
        "document_id": "doc_8f2c",
        "user_name": "Ann Ash",
        "user_email": "ann@acme.example",
        "sent_at": received.event.sent_at,
    }


def test_what_was_never_sent_reads_as_null(store: UsageStore) -> None:
    """Also while no event at all has a name, so that the column does not exist yet, and when it appears later."""
    results(store, event(1))
    optional = ["user_name", "user_email", "sent_at"]
    assert events_of(store, "acme").select(optional).row(0) == (None, None, None)
    named = dataclasses.replace(event(2).event, user_name="Ann", user_email="")
    results(store, dataclasses.replace(event(2), event=named))
    assert events_of(store, "acme").sort("event_id").select(optional).rows() == [
        (None, None, None),
        ("Ann", None, None),
    ]


def test_an_empty_store_answers_with_empty_frames(store: UsageStore) -> None:
    store.check()
    assert events_of(store, "acme").equals(EVENTS.to_frame())
    assert usage_of(store, "acme").equals(DAILY_USAGE.to_frame())
    assert store.days_with_events(since=NOW - DAY, until=NOW, tenant_ids=None).equals(EVENT_DAYS.to_frame())
    assert store.put_events([]) == []
    assert store.put_daily_usage(DAILY_USAGE.to_frame(), version=1).is_empty()


def test_nobody_asked_for_is_nobody_read(store: UsageStore) -> None:
    results(store, event())
    store.put_daily_usage(usage(), version=1)
    assert events_of(store).is_empty()
    assert usage_of(store).is_empty()
    assert store.days_with_events(since=NOW - DAY, until=NOW + DAY, tenant_ids=[]).is_empty()


def test_a_redelivered_event_is_stored_once_and_accepted_each_time(store: UsageStore) -> None:
    assert results(store, event()) == [STORED]
    assert results(store, event()) == [STORED]
    assert len(events_of(store, "acme")) == 1


def test_a_second_send_is_a_duplicate_and_the_first_one_stays(store: UsageStore) -> None:
    first = event()
    results(store, first)
    later = dataclasses.replace(first, message_id="another", received_at=first.received_at + DAY)
    assert results(store, later) == [DUPLICATE]
    assert events_of(store, "acme")["message_id"].to_list() == [first.message_id]


def test_neighbours_of_a_duplicate_are_stored_and_outcomes_keep_their_order(store: UsageStore) -> None:
    results(store, event(3))
    again = dataclasses.replace(event(3), message_id="another")
    assert results(store, event(1), event(2), again, event(4)) == [STORED, STORED, DUPLICATE, STORED]
    assert len(events_of(store, "acme")) == 4


@pytest.mark.parametrize(
    "other",
    [
        {"tenant_id": "bolt"},
        {"user_id": "u2"},
        {"action": Action.SIGNED},
        {"occurred_at": NOW + dt.timedelta(microseconds=1)},
        {"source": "/portal", "id": "01"},
    ],
)
def test_identity_is_tenant_user_action_id_and_time(store: UsageStore, other: dict[str, object]) -> None:
    first = event()
    second = dataclasses.replace(first, event=dataclasses.replace(first.event, **other))  # type: ignore[arg-type]  # fields of the event
    assert results(store, first, second) == [STORED, STORED]
    assert len(events_of(store, "acme", "bolt")) == 2


def test_a_hundred_events_of_many_tenants_go_in_one_call(store: UsageStore) -> None:
    many = [event(number, tenant_id=f"t{number % 7}", user_id=f"u{number}") for number in range(100)]
    assert results(store, *many) == [STORED] * 100
    assert len(events_of(store, *(f"t{number}" for number in range(7)))) == 100


def test_bounds_are_from_since_to_before_until(store: UsageStore) -> None:
    results(store, event())
    microsecond = dt.timedelta(microseconds=1)
    found = [
        len(store.events(since=since, until=until, tenant_ids=["acme"]))
        for since, until in [
            (NOW, NOW + microsecond),
            (NOW - DAY, NOW),
            (NOW + microsecond, NOW + DAY),
            (NOW, NOW),
        ]
    ]
    assert found == [1, 0, 0, 0]


def test_instants_in_other_zones_are_the_same_instants(store: UsageStore) -> None:
    results(store, event())
    kathmandu = dt.timezone(dt.timedelta(hours=5, minutes=45))
    since, until = NOW.astimezone(kathmandu), (NOW + dt.timedelta(seconds=1)).astimezone(kathmandu)
    assert len(store.events(since=since, until=until, tenant_ids=["acme"])) == 1


def test_awkward_names_stay_what_they_are_and_read_nobody_elses(store: UsageStore) -> None:
    many = [event(number, tenant_id=name, user_id=name) for number, name in enumerate(AWKWARD)]
    assert results(store, *many) == [STORED] * len(AWKWARD)
    rows = pl.concat(usage(tenant_id=name, user_id=name) for name in AWKWARD)
    assert store.put_daily_usage(rows, version=1).is_empty()
    for name in AWKWARD:
        assert events_of(store, name).select("tenant_id", "user_id").rows() == [(name, name)]
        assert usage_of(store, name).select("tenant_id", "user_id").rows() == [(name, name)]
    assert len(events_of(store, *AWKWARD, "nobody")) == len(AWKWARD)


def test_more_tenants_than_one_query_can_name(store: UsageStore) -> None:
    """A query of Timestream holds 256 KiB of text."""
    tenants = [f"{'t' * 250}{number:04}" for number in range(2_100)]
    results(store, *(event(number, tenant_id=tenant) for number, tenant in enumerate(tenants[::50])))
    assert sorted(events_of(store, *tenants)["tenant_id"]) == tenants[::50]
    found = store.days_with_events(since=NOW - DAY, until=NOW + DAY, tenant_ids=tenants)
    assert sorted(found["tenant_id"]) == tenants[::50]


def test_days_with_events_are_days_of_utc_each_once(store: UsageStore) -> None:
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    just_before = midnight - dt.timedelta(microseconds=1)
    results(store, event(1, midnight), event(2, midnight), event(3, just_before), event(4, midnight, tenant_id="bolt"))
    today, yesterday = midnight.date(), just_before.date()
    found = store.days_with_events(since=midnight - DAY, until=NOW + DAY, tenant_ids=None)
    assert found.schema == EVENT_DAYS
    assert sorted(found.rows()) == [("acme", yesterday), ("acme", today), ("bolt", today)]
    only = store.days_with_events(since=midnight, until=NOW + DAY, tenant_ids=["acme"])
    assert only.rows() == [("acme", today)]


def named(received: ReceivedEvent, *, name: str | None, at: dt.datetime = NOW) -> ReceivedEvent:
    happened = dataclasses.replace(received.event, user_name=name, user_email=None, occurred_at=at)
    return dataclasses.replace(received, event=happened)


def test_users_are_counted_within_some_time_each_event_id_once(store: UsageStore) -> None:
    since, until = NOW - DAY, NOW + DAY
    assert store.user_counts("acme", since=since, until=until).equals(USER_COUNTS.to_frame())
    results(store, event(1), event(2, user_id="u2"))
    nameless = store.user_counts("acme", since=since, until=until).sort("user_id")
    assert nameless.schema == USER_COUNTS
    assert nameless.select("user_id", "sent", "viewed", "user_name").rows() == [("u1", 1, 0, None), ("u2", 1, 0, None)]
    hour = dt.timedelta(hours=1)
    results(store, named(event(3), name="Ann", at=NOW - 3 * hour), named(event(4), name="Anna", at=NOW - 2 * hour))
    results(store, event(5, NOW - DAY), event(6, until), event(7, tenant_id="bolt"))  # the first bound is within
    again = dataclasses.replace(event(1, NOW - hour), received_at=NOW + 2 * hour)  # the same id, received later
    results(store, again)
    found = store.user_counts("acme", since=since, until=until).sort("user_id")
    assert found.select("user_id", "sent", "user_name").rows() == [("u1", 4, "Anna"), ("u2", 1, None)]


def test_names_are_found_and_taken_out_of_events(store: UsageStore) -> None:
    assert store.events_with_names("acme", "u17").equals(EVENTS.to_frame())
    full, other = full_event(), named(event(2, user_id="o'hara"), name="Pat")
    results(store, full, other, event(3, user_id="u17"), named(event(4, tenant_id="bolt"), name="Ann"))
    before = events_of(store, "acme").sort("event_id")
    found = store.events_with_names("acme", "u17")
    assert found.schema == EVENTS
    assert found.select("event_id", "user_name", "user_email").rows() == [
        (full.event.event_id, "Ann Ash", "ann@acme.example")
    ]
    assert store.events_with_names("acme", "o'hara")["user_name"].to_list() == ["Pat"]
    assert len(store.events_with_names("acme", None)) == 2
    for _ in range(2):
        store.put_nameless(found)
    assert store.events_with_names("acme", "u17").is_empty()
    nameless = before.with_columns(
        pl.when(pl.col("user_id") == "u17").then(None).otherwise(pl.col(name)).alias(name)
        for name in ("user_name", "user_email")
    )
    assert events_of(store, "acme").sort("event_id").equals(nameless)
    bare = dataclasses.replace(full.event, user_name=None, user_email=None)
    assert results(store, full, dataclasses.replace(full, event=bare)) == [DUPLICATE, DUPLICATE]
    assert events_of(store, "acme").sort("event_id").equals(nameless)


# Daily usage


def test_rows_of_daily_usage_that_bear_names_are_found(store: UsageStore) -> None:
    assert store.usage_with_names("acme", "u1").equals(STORED_USAGE.to_frame())
    rows = [
        usage(user_id="u1").with_columns(user_name=pl.lit("Ann")),
        usage(user_id="u1", day=NOW.date() - DAY),
        usage(user_id="u2").with_columns(user_email=pl.lit("bob@acme.example")),
        usage(user_id="u1", tenant_id="bolt").with_columns(user_name=pl.lit("Ann")),
    ]
    store.put_daily_usage(pl.concat(rows), version=5)
    found = store.usage_with_names("acme", "u1")
    assert found.schema == STORED_USAGE
    assert found.select("user_id", "day", "user_name").rows() == [("u1", NOW.date(), "Ann")]
    assert store.usage_with_names("acme", None)["user_id"].sort().to_list() == ["u1", "u2"]


def test_daily_usage_comes_back_as_it_was(store: UsageStore) -> None:
    rows = usage(sent=2**53 + 1).with_columns(user_name=pl.lit("Ann Ash"), expired=pl.lit(7, pl.Int64))
    assert store.put_daily_usage(rows, version=5).is_empty()
    assert usage_of(store, "acme").equals(rows)
    counted_at = store.daily_usage(first=NOW.date(), last=NOW.date(), tenant_ids=["acme"])["counted_at"]
    assert counted_at.to_list() == [dt.datetime(1970, 1, 1, microsecond=5, tzinfo=dt.UTC)]


def test_a_higher_version_replaces_the_whole_row(store: UsageStore) -> None:
    store.put_daily_usage(usage(sent=1).with_columns(user_name=pl.lit("Ann")), version=5)
    assert store.put_daily_usage(usage(sent=2), version=6).is_empty()
    assert usage_of(store, "acme").equals(usage(sent=2))


def test_a_lower_version_leaves_what_is_there_and_is_no_error(store: UsageStore) -> None:
    store.put_daily_usage(usage(user_id="u1", sent=2), version=6)
    refused = store.put_daily_usage(pl.concat([usage(user_id="u1", sent=1), usage(user_id="u2", sent=9)]), version=5)
    assert refused.rows() == [("acme", "u1", NOW.date(), 6)]
    assert usage_of(store, "acme")["sent"].to_list() == [2, 9]


def test_the_same_version_is_accepted_with_the_same_figures_only(store: UsageStore) -> None:
    store.put_daily_usage(usage(sent=1), version=5)
    assert store.put_daily_usage(usage(sent=1), version=5).is_empty()
    assert len(store.put_daily_usage(usage(sent=2), version=5)) == 1
    assert usage_of(store, "acme")["sent"].to_list() == [1]


def test_days_are_read_from_first_to_last_and_tomorrow_can_be_written(store: UsageStore) -> None:
    """Where it is tomorrow already, today's row is written long before that day begins in UTC."""
    today = NOW.date()
    days = [today + offset * DAY for offset in (-2, -1, 0, 1)]
    in_kiritimati = (NOW + dt.timedelta(hours=14)).date()
    writable = [day for day in days if day <= in_kiritimati]
    store.put_daily_usage(pl.concat(usage(day=day) for day in writable), version=1)
    for first, last in itertools.combinations_with_replacement(writable, 2):
        found = store.daily_usage(first=first, last=last, tenant_ids=["acme"])["day"].sort().to_list()
        assert found == [day for day in writable if first <= day <= last]


def test_days_are_added_up_over_users_and_the_first_with_figures_is_known(store: UsageStore) -> None:
    today = NOW.date()
    assert store.first_usage_day("acme") is None
    assert store.day_totals("acme", first=today, last=today, user_ids=None).equals(DAY_TOTALS.to_frame())
    rows = [
        usage(day=today - 4 * DAY, sent=0),
        usage(day=today - 3 * DAY, sent=1),
        usage(day=today - 2 * DAY, sent=2),
        usage(day=today - 2 * DAY, sent=4, user_id="u2"),
        usage(day=today, sent=8, user_id="u2"),
        usage(day=today - 9 * DAY, sent=16, tenant_id="bolt"),
    ]
    store.put_daily_usage(pl.concat(rows), version=1)
    assert store.first_usage_day("acme") == today - 3 * DAY

    def sent(
        first: dt.date = today - 4 * DAY, last: dt.date = today - DAY, user_ids: list[str] | None = None
    ) -> list[tuple[object, ...]]:
        totals = store.day_totals("acme", first=first, last=last, user_ids=user_ids)
        return totals.sort("day").select("day", "sent").rows()

    assert sent() == [(today - 4 * DAY, 0), (today - 3 * DAY, 1), (today - 2 * DAY, 6)]
    assert sent(first=today - 2 * DAY, last=today) == [(today - 2 * DAY, 6), (today, 8)]
    assert sent(user_ids=["u2"]) == [(today - 2 * DAY, 4)]
    crowd = [f"{'u' * 250}{number:04}" for number in range(1_000)]
    assert sent(user_ids=[*crowd, "u1", "u2"]) == sent()
    assert sent(user_ids=[]) == []

    both = store.day_totals_by_tenant(first=today - 9 * DAY, last=today, tenant_ids=["acme", "bolt", "nobody"])
    assert both.schema == by_tenant(DAY_TOTALS)
    for tenant_id in ("acme", "bolt"):
        alone = store.day_totals(tenant_id, first=today - 9 * DAY, last=today, user_ids=None)
        assert both.filter(tenant_id=tenant_id).drop("tenant_id").sort("day").equals(alone.sort("day"))
    days = store.first_usage_days(["acme", "bolt", "nobody"]).sort("tenant_id").rows()
    assert days == [("acme", today - 3 * DAY), ("bolt", today - 9 * DAY)]


def test_users_are_added_up_a_page_at_a_time_in_order_of_their_ids(store: UsageStore) -> None:
    today = NOW.date()
    assert store.user_usage("acme", first=today, last=today, page=UserSelection(limit=9)).equals(USER_COUNTS.to_frame())
    ids = ["Zoë", "a'b", "bob", "é", "山"]
    rows = [usage(day=today - day * DAY, user_id=user_id, sent=day) for user_id in ids for day in (1, 2, 3)]
    named = usage(day=today - 2 * DAY, user_id="bob").with_columns(user_name=pl.lit("Bob"))
    store.put_daily_usage(pl.concat([*rows, usage(user_id="c", tenant_id="bolt", day=today - DAY)]), version=1)
    store.put_daily_usage(named.with_columns(sent=pl.lit(2, pl.Int64)), version=2)
    pages, after = [], None
    for _ in range(3):
        page = store.user_usage("acme", first=today - 2 * DAY, last=today - DAY, page=UserSelection(after, 2))
        assert page.schema == USER_COUNTS
        pages += page.select("user_id", "sent", "user_name").rows()
        after = page["user_id"][-1]
    assert pages == [(user_id, 3, "Bob" if user_id == "bob" else None) for user_id in ids]
    some = UserSelection(after="a'b", limit=2, user_ids=("a'b", "山", "nobody", "bob", "é"))
    narrowed = store.user_usage("acme", first=today - 2 * DAY, last=today - DAY, page=some)
    assert narrowed["user_id"].to_list() == ["bob", "é"]
    nobody = UserSelection(limit=2, user_ids=())
    assert store.user_usage("acme", first=today - 2 * DAY, last=today - DAY, page=nobody).is_empty()


def test_live_counts_come_by_page_and_as_a_sum(store: UsageStore) -> None:
    put = [named(event(number, user_id=user_id), name=user_id) for number, user_id in enumerate("cabba")]
    store.put_events(put)
    span = {"since": NOW - DAY, "until": NOW + DAY}
    page = store.user_counts("acme", **span, page=UserSelection("a", 1))
    assert page.select("user_id", "sent").rows() == [("b", 2)]
    some = store.user_counts("acme", **span, page=UserSelection(user_ids=("c", "a", "nobody")))
    assert some.select("user_id", "sent").rows() == [("a", 2), ("c", 1)]
    assert store.user_counts("acme", **span, page=UserSelection(user_ids=())).equals(USER_COUNTS.to_frame())
    assert store.event_counts("acme", **span, user_ids=None).sent == 5
    assert store.event_counts("acme", **span, user_ids=["a", "c"]).sent == 3
    assert store.event_counts("acme", **span, user_ids=[]).sent == 0
    assert store.event_counts("nobody", **span, user_ids=None).sent == 0


def test_thousands_of_rows_are_written_and_read_whole(store: UsageStore) -> None:
    rows = pl.concat(usage(user_id=f"u{number:04}", sent=number) for number in range(2_345))
    assert store.put_daily_usage(rows, version=1).is_empty()
    assert usage_of(store, "acme").equals(rows)


# Restatements and superseded events


def restatement(*, tenant_id: str = "acme", day: dt.date | None = None, after: int = 43) -> pl.DataFrame:
    row = {
        "tenant_id": tenant_id,
        "day": day or NOW.date() - DAY,
        "restated_at": NOW,
        "reason": "late-events",
        **{name: 0 for name in RESTATEMENTS if name.startswith(("before_", "after_"))},
        "before_sent": 41,
        "after_sent": after,
    }
    return pl.DataFrame([row], schema=RESTATEMENTS)


def test_restatements_come_back_as_they_were_by_day_and_tenant(store: UsageStore) -> None:
    days = [NOW.date() - offset * DAY for offset in (1, 2, 3)]
    store.put_restatements(pl.concat(restatement(day=day) for day in days))
    store.put_restatements(restatement(tenant_id="bolt"))
    found = store.restatements(first=days[1], last=days[0], tenant_ids=["acme"]).sort("day", descending=True)
    assert found.equals(pl.concat(restatement(day=day) for day in days[:2]))
    assert len(store.restatements(first=days[2], last=days[0], tenant_ids=["acme", "bolt"])) == 4


def test_a_record_written_twice_is_one(store: UsageStore) -> None:
    """A run that died is repeated; within one microsecond the last word stands."""
    yesterday = NOW.date() - DAY
    for after in (43, 44):
        store.put_restatements(restatement(after=after))
    found = store.restatements(first=yesterday, last=yesterday, tenant_ids=["acme"])
    assert found["after_sent"].to_list()[-1] == 44


def test_superseded_events_are_remembered_by_their_identity(store: UsageStore) -> None:
    assert store.superseded(since=NOW - DAY, until=NOW + DAY, tenant_ids=["acme"]).equals(IDENTITY.to_frame())
    identity = {"tenant_id": "acme", "user_id": "u1", "action": "sent", "event_id": "7:/portal:1", "occurred_at": NOW}
    rows = pl.DataFrame([identity, identity | {"event_id": "7:/portal:2", "occurred_at": NOW - DAY}], schema=IDENTITY)
    for _ in range(2):
        store.put_superseded(rows)
    found = store.superseded(since=NOW - DAY, until=NOW + DAY, tenant_ids=["acme"])
    assert found.sort("event_id").equals(rows)
    assert store.superseded(since=NOW, until=NOW + DAY, tenant_ids=["acme"]).equals(rows.head(1))
    assert store.superseded(since=NOW - DAY, until=NOW + DAY, tenant_ids=["bolt"]).is_empty()
    store.put_superseded(pl.DataFrame([identity | {"tenant_id": "bolt"}], schema=IDENTITY))
    everybody = store.superseded(since=NOW - DAY, until=NOW + DAY, tenant_ids=None)
    assert sorted(everybody["tenant_id"]) == ["acme", "acme", "bolt"]


def test_the_revision_is_another_one_after_each_change_and_no_one_elses(store: UsageStore) -> None:
    """Each write but an identical one; what other tenants do changes nothing."""
    identity = {"tenant_id": "acme", "user_id": "u1", "action": "sent", "event_id": "7:/portal:1", "occurred_at": NOW}
    superseded = pl.DataFrame([identity], schema=IDENTITY)
    writes: list[Callable[[str], object]] = [
        lambda tenant: store.put_events([event(1, tenant_id=tenant)]),
        lambda tenant: store.put_events([event(2, NOW - 30 * DAY, tenant_id=tenant)]),
        lambda tenant: store.put_daily_usage(usage(tenant_id=tenant), version=10),
        lambda tenant: store.put_daily_usage(usage(tenant_id=tenant, sent=2), version=11),
        lambda tenant: store.put_restatements(restatement(tenant_id=tenant)),
        lambda tenant: store.put_superseded(superseded.with_columns(tenant_id=pl.lit(tenant))),
    ]
    for write in writes:
        write("bolt")
        before = store.revision("acme")
        write("acme")
        after = store.revision("acme")
        assert after != before
        write("bolt")
        assert store.revision("acme") == after


def test_events_whose_id_stands_more_than_once_are_found_whoever_they_belong_to(store: UsageStore) -> None:
    assert store.repeated_events(since=NOW - DAY, until=NOW + DAY).equals(ARRIVALS.to_frame())
    results(
        store, event(1), event(1, NOW - DAY), event(2), event(3), event(3, tenant_id="bolt"), event(4, NOW - 9 * DAY)
    )
    found = store.repeated_events(since=NOW - 2 * DAY, until=NOW + DAY).sort("event_id", "tenant_id", "occurred_at")
    assert found.schema == ARRIVALS
    assert found.select("tenant_id", "event_id", "occurred_at", "message_id").rows() == [
        ("acme", "7:/portal:1", NOW - DAY, "message-1"),
        ("acme", "7:/portal:1", NOW, "message-1"),
        ("acme", "7:/portal:3", NOW, "message-3"),
        ("bolt", "7:/portal:3", NOW, "message-3"),
    ]
    assert store.repeated_events(since=NOW, until=NOW + DAY)["event_id"].unique().to_list() == ["7:/portal:3"]


# Timestream alone


def test_timestream_refuses_what_lies_outside_its_window_and_keeps_the_neighbours(timestream_store: UsageStore) -> None:
    old = event(1, NOW - 5000 * DAY)
    ahead = dataclasses.replace(event(2, NOW + 2 * DAY), received_at=NOW)
    outcomes = timestream_store.put_events([old, event(3), ahead])
    assert [outcome.result for outcome in outcomes] == [REFUSED, STORED, REFUSED]
    assert [outcome.reason for outcome in outcomes] == ["too-old", "", "too-far-ahead"]
    assert "outside the time range" in outcomes[0].detail


def test_timestream_refuses_a_record_that_is_too_long_and_keeps_the_neighbours(timestream_store: UsageStore) -> None:
    long = event(1, tenant_id="t" * 2_100)
    outcomes = timestream_store.put_events([event(2), long, event(3)])
    assert [outcome.result for outcome in outcomes] == [STORED, REFUSED, STORED]
    assert outcomes[1].reason == "refused-by-timestream"
    assert outcomes[1].detail


def test_timestream_finds_the_one_invalid_record_that_sinks_a_call(timestream_store: UsageStore) -> None:
    """A measure of more than 2,048 characters is a ValidationException for the whole call."""
    invalid = dataclasses.replace(event(50), event=dataclasses.replace(event(50).event, user_name="n" * 2_049))
    many = [event(number) if number != 50 else invalid for number in range(100)]
    outcomes = timestream_store.put_events(many)
    refused = [number for number, outcome in enumerate(outcomes) if outcome.result is REFUSED]
    assert refused == [50]
    assert len(events_of(timestream_store, "acme")) == 99


def test_timestream_cuts_a_name_that_would_make_a_days_row_too_long(timestream_store: UsageStore) -> None:
    rows = usage(user_id="😀" * 256).with_columns(user_name=pl.lit("Ann " * 500), user_email=pl.lit("é" * 700))
    assert timestream_store.put_daily_usage(rows, version=1).is_empty()
    row = usage_of(timestream_store, "acme").row(0, named=True)
    assert row["user_name"].startswith("Ann ")
    assert row["user_name"].endswith("…")
    assert row["user_email"].endswith("é…")
    assert row["sent"] == 1


def test_timestream_is_provisioned_once(timestream_store: UsageStore) -> None:
    results(timestream_store, event())
    assert not timestream_store.provision()
    assert len(events_of(timestream_store, "acme")) == 1


def test_without_a_database_it_says_what_to_do(local_aws: LocalAws) -> None:
    del local_aws
    store = timestream(database="absent")
    with pytest.raises(NotProvisionedError, match="signtally provision"):
        store.check()
    with pytest.raises(NotProvisionedError, match="signtally provision"):
        store.put_events([event()])
    with pytest.raises(NotProvisionedError, match="signtally provision"):
        events_of(store, "acme")


def test_a_timestream_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in ("WRITE", "QUERY"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_TIMESTREAM_{service}", "http://127.0.0.1:9")
    store = timestream(database="signtally")
    with pytest.raises(ServiceUnavailableError, match="cannot be reached"):
        store.check()
    with pytest.raises(ServiceUnavailableError, match="cannot be reached"):
        store.put_events([event()])
    with pytest.raises(ServiceUnavailableError, match="cannot be reached"):
        events_of(store, "acme")
