"""Restatements, superseded events, repeated ids and revisions in every usage store."""

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from signtally.domain.schemas import ARRIVALS, IDENTITY, RESTATEMENTS
from signtally.ports.usage_store import UsageStore, WriteResult

if TYPE_CHECKING:
    from collections.abc import Callable
from tests.support.usage_stores import DAY, NOW, event, results, usage

STORED, DUPLICATE, REFUSED = WriteResult.STORED, WriteResult.DUPLICATE, WriteResult.REFUSED


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
        lambda tenant: store.put_events([event(len(tenant), tenant_id=tenant)]),
        lambda tenant: store.put_events([event(10 + len(tenant), NOW - 30 * DAY, tenant_id=tenant)]),
        lambda tenant: store.put_daily_usage(usage(tenant_id=tenant), version=10),
        lambda tenant: store.put_daily_usage(usage(tenant_id=tenant, sent=2), version=11),
        lambda tenant: store.put_restatements(restatement(tenant_id=tenant)),
        lambda tenant: store.put_superseded(superseded.with_columns(tenant_id=pl.lit(tenant))),
    ]
    for write in writes:
        write("bolts")
        before = store.revision("acme")
        write("acme")
        after = store.revision("acme")
        assert after != before
        write("bolts")
        assert store.revision("acme") == after


def test_events_whose_id_stands_more_than_once_are_found_whoever_they_belong_to(repeating_store: UsageStore) -> None:
    store = repeating_store
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


def test_where_an_id_is_refused_at_once_none_is_ever_found_twice(postgresql_store: UsageStore) -> None:
    assert results(postgresql_store, event(1), event(1, NOW - DAY), event(1, tenant_id="bolt")) == [
        STORED,
        DUPLICATE,
        DUPLICATE,
    ]
    assert postgresql_store.repeated_events(since=NOW - 9 * DAY, until=NOW + DAY).equals(ARRIVALS.to_frame())
