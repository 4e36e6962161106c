"""First received wins: whoever asks, the same one of several copies of an id counts, however they tie."""

import datetime as dt
from collections.abc import Mapping

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.actions import Action
from signtally.domain.aggregation import TenantDay, daily_usage
from signtally.domain.document_lifecycles import document_lifecycles
from signtally.domain.first_received import first_received
from signtally.domain.local_dates import LocalDates
from signtally.domain.reconciliation import received_later, reference_count
from signtally.domain.schemas import EVENTS
from signtally.domain.user_counts import user_counts

DAY = dt.date(2026, 10, 20)
MIDNIGHT = dt.datetime(2026, 10, 20, tzinfo=dt.UTC)
ACTIONS = (Action.COMPLETED, Action.DECLINED, Action.SENT, Action.VIEWED)


def instants() -> st.SearchStrategy[dt.datetime]:
    return st.integers(0, 2).map(lambda hours: MIDNIGHT + dt.timedelta(hours=hours))


COPY = st.fixed_dictionaries(
    {
        "tenant_id": st.just("acme"),
        "user_id": st.sampled_from(["u1", "u10", "u2", "ü"]),
        "action": st.sampled_from([str(action) for action in ACTIONS]),
        "event_id": st.sampled_from(["same", "other"]),
        "occurred_at": instants(),
        "received_at": instants(),
        "message_id": st.sampled_from(["10", "9"]),
        "document_id": st.just("doc"),
    }
)
IDENTITY = ("user_id", "action", "event_id", "occurred_at")


@given(st.lists(COPY, min_size=2, max_size=6, unique_by=lambda copy: tuple(copy[name] for name in IDENTITY)))
def test_everything_that_is_counted_counts_the_same_copies(copies: list[Mapping[str, object]]) -> None:
    """Batches of events bring the same id twice in one message, so all but identity may tie."""
    events = pl.DataFrame(copies, schema=EVENTS)
    expected = {
        event_id: min(every_copy(copies, event_id), key=arrival)
        for event_id in {str(copy["event_id"]) for copy in copies}
    }
    counted = sorted((str(copy["user_id"]), str(copy["action"])) for copy in expected.values())
    assert by_user(daily_usage(events.lazy(), days=[TenantDay("acme", DAY, "UTC")]).collect()) == counted
    dates = LocalDates({}, elsewhere="UTC", since=MIDNIGHT, until=MIDNIGHT + dt.timedelta(days=1))
    assert by_user(reference_count(events.lazy(), dates=dates, by=["tenant_id", "day", "user_id"])) == counted
    assert by_user(user_counts(events)) == counted
    assert {row["event_id"]: row for row in first_received(events).iter_rows(named=True)} == {
        event_id: dict.fromkeys(EVENTS) | dict(copy) for event_id, copy in expected.items()
    }
    assert len(received_later(events)) == len(copies) - len(expected)
    (document,) = document_lifecycles(events).to_dicts()
    assert document["viewed"] == sum(action == "viewed" for _, action in counted)


def every_copy(copies: list[Mapping[str, object]], event_id: str) -> list[Mapping[str, object]]:
    return [copy for copy in copies if copy["event_id"] == event_id]


def arrival(copy: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(
        value.encode() if isinstance(value := copy[name], str) else value
        for name in ("received_at", "message_id", "user_id", "action", "occurred_at")
    )


def by_user(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """User and action of everything that the rows count."""
    return sorted(
        (row["user_id"], str(action)) for row in rows.to_dicts() for action in Action for _ in range(row[str(action)])
    )
