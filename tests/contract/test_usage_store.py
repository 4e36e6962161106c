"""Events in every usage store, the one in memory, Timestream and PostgreSQL alike."""

import dataclasses
import datetime as dt

import polars as pl
import pytest

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.schemas import DAILY_USAGE, EVENT_DAYS, EVENTS
from signtally.domain.user_counts import USER_COUNTS
from signtally.ports.document_store import TenantSpan
from signtally.ports.usage_store import UsageStore, WriteResult
from tests.support.usage_stores import DAY, NOW, event, events_of, named, results, takes_repeats, usage, usage_of

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
def test_what_shares_a_part_of_an_identity_is_another_event_or_refused_at_once(
    store: UsageStore, other: dict[str, object]
) -> None:
    """Tenant, user, action and time belong to it where an id can stand twice."""
    first = event()
    second = dataclasses.replace(first, event=dataclasses.replace(first.event, **other))  # type: ignore[arg-type]  # fields of the event
    are_two = takes_repeats(store) or "source" in other
    for _ in range(2):
        assert results(store, first, second) == [STORED, STORED if are_two else DUPLICATE]
        assert results(store, second) == [STORED if are_two else DUPLICATE]
    stored = events_of(store, "acme", "bolt")
    assert len(stored) == 2 if are_two else stored.rows() == events_of(store, "acme").rows()


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


def test_whether_there_are_events_at_all(store: UsageStore) -> None:
    ever = {"since": NOW - 300 * DAY, "until": NOW + DAY}
    assert not store.has_events(**ever, tenant_ids=None)
    results(store, event(1), event(2, NOW - 2 * DAY, tenant_id="bolt"))
    assert store.has_events(**ever, tenant_ids=None)
    assert store.has_events(since=NOW - 2 * DAY, until=NOW, tenant_ids=["acme", "bolt"])
    assert not store.has_events(since=NOW - 2 * DAY, until=NOW, tenant_ids=["acme"])
    assert not store.has_events(**ever, tenant_ids=[])


def test_users_are_counted_within_some_time_each_event_id_once(store: UsageStore) -> None:
    since, until = NOW - DAY, NOW + DAY
    assert store.user_counts(TenantSpan("acme", since, until)).equals(USER_COUNTS.to_frame())
    results(store, event(1), event(2, user_id="u2"))
    nameless = store.user_counts(TenantSpan("acme", since, until)).sort("user_id")
    assert nameless.schema == USER_COUNTS
    assert nameless.select("user_id", "sent", "viewed", "user_name").rows() == [("u1", 1, 0, None), ("u2", 1, 0, None)]
    hour = dt.timedelta(hours=1)
    results(store, named(event(3), name="Ann", at=NOW - 3 * hour), named(event(4), name="Anna", at=NOW - 2 * hour))
    results(store, event(5, NOW - DAY), event(6, until), event(7, tenant_id="bolt"))  # the first bound is within
    again = dataclasses.replace(event(1, NOW - hour), received_at=NOW + 2 * hour)  # the same id, received later
    results(store, again)
    found = store.user_counts(TenantSpan("acme", since, until)).sort("user_id")
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
