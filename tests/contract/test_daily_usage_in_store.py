"""Daily usage in every usage store: versions, sums, and pages of users."""

import dataclasses
import datetime as dt
import itertools

import polars as pl

from signtally.domain.schemas import DAY_TOTALS, STORED_USAGE, by_tenant
from signtally.domain.user_counts import USER_COUNTS, UserSelection
from signtally.ports.document_store import TenantSpan
from signtally.ports.usage_store import UsageStore, WriteResult
from tests.support.usage_stores import DAY, NOW, event, named, usage, usage_of

STORED, DUPLICATE, REFUSED = WriteResult.STORED, WriteResult.DUPLICATE, WriteResult.REFUSED


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


def test_whether_there_are_rows_at_all(store: UsageStore) -> None:
    today = NOW.date()
    assert not store.has_daily_usage(first=today - 30 * DAY, last=today, tenant_ids=None)
    store.put_daily_usage(usage(day=today - DAY, sent=0), version=1)
    assert store.has_daily_usage(first=today - DAY, last=today - DAY, tenant_ids=None), "zeros count"
    assert store.has_daily_usage(first=today - DAY, last=today, tenant_ids=["acme", "bolt"])
    assert not store.has_daily_usage(first=today - DAY, last=today, tenant_ids=["bolt"])
    assert not store.has_daily_usage(first=today, last=today, tenant_ids=["acme"])


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
    span = TenantSpan("acme", NOW - DAY, NOW + DAY)
    page = store.user_counts(span, page=UserSelection("a", 1))
    assert page.select("user_id", "sent").rows() == [("b", 2)]
    some = store.user_counts(span, page=UserSelection(user_ids=("c", "a", "nobody")))
    assert some.select("user_id", "sent").rows() == [("a", 2), ("c", 1)]
    assert store.user_counts(span, page=UserSelection(user_ids=())).equals(USER_COUNTS.to_frame())
    assert store.event_counts(span, user_ids=None).sent == 5
    assert store.event_counts(span, user_ids=["a", "c"]).sent == 3
    assert store.event_counts(span, user_ids=[]).sent == 0
    assert store.event_counts(dataclasses.replace(span, tenant_id="nobody"), user_ids=None).sent == 0


def test_thousands_of_rows_are_written_and_read_whole(store: UsageStore) -> None:
    rows = pl.concat(usage(user_id=f"u{number:04}", sent=number) for number in range(2_345))
    assert store.put_daily_usage(rows, version=1).is_empty()
    assert usage_of(store, "acme").equals(rows)
