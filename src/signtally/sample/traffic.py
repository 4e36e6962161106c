"""Everything that happened at the sample's portal, in order of time, a day at a time."""

import datetime as dt  # noqa: TC003 -- one rule for this import everywhere
import functools
import heapq
import itertools
import random
from collections.abc import Callable, Iterator, Sequence

from signtally.sample.documents import DocumentLifecycles
from signtally.sample.plan import TrafficPlan, Window
from signtally.sample.portal_events import PortalEvent
from signtally.sample.tenants import SampleTenant
from signtally.sample.working_time import LocalDay, local_days


def punctual_events(plan: TrafficPlan, tenants: Sequence[SampleTenant]) -> Iterator[PortalEvent]:
    """The events that arrive as they happen."""
    return _of_all(plan, tenants, window=plan.window, budget=lambda tenant: tenant.punctual_events)


def late_events(plan: TrafficPlan, tenants: Sequence[SampleTenant]) -> Iterator[PortalEvent]:
    """The events that arrive days after they happened, as from a device that was offline."""
    return _of_all(plan, tenants, window=plan.late_window, budget=lambda tenant: tenant.late_events)


def _of_all(
    plan: TrafficPlan, tenants: Sequence[SampleTenant], *, window: Window, budget: Callable[[SampleTenant], int]
) -> Iterator[PortalEvent]:
    streams = []
    days = functools.cache(lambda region: tuple(local_days(window, region)))
    for owner in tenants:
        if budget(owner):
            rng = plan.rng(f"documents of {owner.number} from {window.since} to {window.until}")
            lifecycles = DocumentLifecycles(owner, tenants=tenants, window=window, rng=rng)
            streams.append(_of_one(lifecycles, days(owner.region), budget=budget(owner), rng=rng))
    return heapq.merge(*streams, key=lambda event: event.occurred_at)


def _of_one(
    lifecycles: DocumentLifecycles, days: Sequence[LocalDay], *, budget: int, rng: random.Random
) -> Iterator[PortalEvent]:
    """Exactly *budget* events of one tenant's documents, in order of time; only open documents are kept in memory.

    A document's last events are cut off when the budget is spent: it stays open.
    """
    work_left = sum(day.weight for day in days)
    order = itertools.count()
    ahead: list[tuple[dt.datetime, int, PortalEvent]] = []
    for day in days:
        # Rounded by chance, so that a tenant of three events does not have them all on the last day.
        quota = int(budget * day.weight / work_left + rng.random()) if day is not days[-1] else budget
        work_left -= day.weight
        for event in lifecycles.sent_on(day, at_least=quota, at_most=budget):
            heapq.heappush(ahead, (event.occurred_at, next(order), event))
            budget -= 1
        while ahead and ahead[0][0] < day.window.until:
            yield heapq.heappop(ahead)[2]
