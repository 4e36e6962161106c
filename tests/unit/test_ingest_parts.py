"""The parts of ingest by themselves: what a snapshot tells, how a batch is split, how long calls are retried."""

import datetime as dt
import math
import threading
from collections.abc import Iterator, Sequence

import pytest

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import ServiceError, ServiceUnavailableError
from signtally.ports.queue import QueueDepth
from signtally.ports.usage_store import WriteOutcome, WriteResult
from signtally.retries import RetryPolicy
from signtally.stores.snapshot_rounds import InFlightReport
from signtally.use_cases.event_writing import EventWriter, WriteFailure
from signtally.use_cases.ingesting.snapshots import QueueSnapshot

NOON = dt.datetime(2026, 10, 3, 12, 0, tzinfo=dt.UTC)
SKEW = dt.timedelta(seconds=2)
DAY = dt.timedelta(days=1)
STORED = WriteOutcome(WriteResult.STORED)


def ago(minutes: int) -> dt.datetime:
    return NOON - dt.timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("visible", "in_flight", "ours", "oldest", "empty_at", "expected"),
    [
        (0, 0, 0, None, NOON, NOON - SKEW),  # drained
        (0, 3, 3, ago(5), NOON, ago(5)),  # all that is left is in flight here
        (0, 3, 3, NOON, NOON, NOON - SKEW),  # and was sent after the queue had been seen empty
        (0, 3, 3, None, NOON, NOON - SKEW),  # or is settled and only waits to be deleted
        (0, 4, 3, None, NOON, None),  # somebody else holds one, sent nobody knows when
        (9, 4, 3, ago(5), NOON, None),
        (9, 3, 3, ago(5), NOON, ago(5)),  # a backlog: as fresh as the oldest in flight
        (9, 0, 0, None, NOON, None),  # a backlog that nobody works on says nothing
        (0, 2, 2, ago(5), None, ago(5)),  # the figures say empty, but no poll has confirmed it
        (0, 0, 0, None, None, None),
    ],
)
def test_a_snapshot_says_no_more_than_it_can_know(  # noqa: PLR0913, PLR0917 -- a row of the table above
    visible: int,
    in_flight: int,
    ours: int,
    oldest: dt.datetime | None,
    empty_at: dt.datetime | None,
    expected: dt.datetime | None,
) -> None:
    snapshot = QueueSnapshot(QueueDepth(visible, in_flight), [InFlightReport(ours, oldest, None, empty_at)])
    assert snapshot.settled_through(clock_skew=SKEW) == expected


class Store(MemoryUsageStore):
    """Fails every request that holds a poisoned event; or all, for the first *away* requests or *for_good* later."""

    def __init__(self, *poisons: str, error: ServiceError, away: int = 0, for_good: float = math.inf) -> None:
        super().__init__()
        self.poisons = set(poisons)
        self.error = error
        self.away = away
        self.for_good = for_good  # after so many requests that succeeded
        self.requests: list[int] = []

    def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
        self.requests.append(len(events))
        self.away -= 1
        if self.away >= 0 or self.for_good <= 0 or self.poisons & {received.event.id for received in events}:
            raise self.error
        self.for_good -= 1
        return super().put_events(events)


def received(number: int) -> ReceivedEvent:
    return ReceivedEvent(UsageEvent("/p", str(number), Action.SENT, "acme", "u", "d", NOON), NOON, f"m{number}")


def writer(store: Store, *, budget_seconds: float = 5) -> EventWriter:
    return EventWriter(store, retry_policy=RetryPolicy(threading.Event(), budget_seconds, 0.0001, 0.001))


@pytest.mark.parametrize("error", [ServiceError("invalid"), ServiceUnavailableError("internal")])
@pytest.mark.parametrize("poisons", [["0"], ["99"], ["42"], ["3", "4", "77"], [str(number) for number in range(99)]])
def test_a_batch_loses_its_poisoned_events_only(error: ServiceError, poisons: list[str]) -> None:
    store = Store(*poisons, error=error)
    results = writer(store).write([received(number) for number in range(100)])
    failed = {str(number) for number, result in enumerate(results) if isinstance(result, WriteFailure)}
    assert failed == set(poisons)
    assert all(result == STORED for result in results if not isinstance(result, WriteFailure))


def test_an_event_that_fails_alone_is_to_blame_once_the_store_took_another() -> None:
    store = Store("7", error=ServiceUnavailableError("internal"))
    events = writer(store)
    assert events.write([received(1)]) == [STORED]
    assert events.write([received(7)]) == [WriteFailure("internal")]


def test_an_event_that_fails_alone_is_to_blame_if_the_store_takes_what_its_tenant_has_stored() -> None:
    store = Store("7", error=ServiceUnavailableError("internal"))
    store.put_events([received(1)])  # by an earlier run
    before = store.events(since=NOON, until=NOON + DAY, tenant_ids=["acme"])
    assert writer(store).write([received(7)]) == [WriteFailure("internal")]
    assert store.events(since=NOON, until=NOON + DAY, tenant_ids=["acme"]).equals(before)


def test_without_another_event_to_try_only_what_would_be_said_again_is_believed() -> None:
    invalid, unavailable = ServiceError("invalid"), ServiceUnavailableError("internal")
    assert writer(Store("7", error=invalid)).write([received(7)]) == [WriteFailure("invalid")]
    with pytest.raises(ServiceUnavailableError):
        writer(Store("7", error=unavailable), budget_seconds=0.05).write([received(7)])


@pytest.mark.parametrize("error", [ServiceError("expired"), ServiceUnavailableError("away")])
def test_a_store_that_goes_away_in_the_midst_of_a_batch_is_asked_little_and_blames_nobody(error: ServiceError) -> None:
    rounds: list[bool] = []

    class CountingPolicy(RetryPolicy):
        def attempts(self) -> Iterator[bool]:
            for is_last in super().attempts():
                rounds.append(is_last)
                yield is_last

    store = Store("42", error=error, for_good=1)
    events = EventWriter(store, retry_policy=CountingPolicy(threading.Event(), 0.2, 0.0001, 0.001))
    with pytest.raises(type(error)):
        events.write([received(number) for number in range(100)])
    assert len(store.requests) < 2 * len(rounds) + 20  # one part a round, and the event that shows whose fault it is


def test_retries_wait_for_a_store_that_is_away_and_not_for_one_that_takes_now_and_then() -> None:
    class Fickle(Store):
        def put_events(self, events: Sequence[ReceivedEvent]) -> list[WriteOutcome]:
            self.away = 0 if len(self.requests) % 3 == 2 else 1
            return super().put_events(events)

    class SixAttempts(RetryPolicy):
        def attempts(self) -> Iterator[bool]:
            yield from [False] * 5 + [True]

    store = Fickle("42", error=ServiceUnavailableError("busy"))
    results = EventWriter(store, retry_policy=SixAttempts(threading.Event(), 0)).write(
        [received(number) for number in range(100)]
    )
    assert isinstance(results[42], WriteFailure)
    assert results.count(STORED) > 80  # an event that fails by chance just when another is taken comes again later


@pytest.mark.parametrize("size", [1, 100])
def test_a_store_that_is_away_is_asked_once_at_a_time_and_blames_nobody(size: int) -> None:
    store = Store(error=ServiceUnavailableError("away"), away=10**9)
    with pytest.raises(ServiceUnavailableError):
        writer(store, budget_seconds=0.05).write([received(number) for number in range(size)])
    assert store.requests[0] == size


@pytest.mark.parametrize("away", [1, 3, 5, 40])
def test_a_store_that_comes_back_takes_everything(away: int) -> None:
    store = Store(error=ServiceUnavailableError("away"), away=away)
    assert writer(store).write([received(number) for number in range(100)]) == [STORED] * 100


def test_a_cancelled_policy_makes_one_last_attempt() -> None:
    cancel_event = threading.Event()
    calls: list[int] = []

    def away() -> None:
        calls.append(1)
        cancel_event.set()
        raise ServiceUnavailableError("away")

    with pytest.raises(ServiceUnavailableError):
        RetryPolicy(cancel_event, budget_seconds=60).call(away)
    assert len(calls) == 2  # the one under way, and one that is known to be the last
