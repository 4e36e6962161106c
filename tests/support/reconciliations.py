"""Reconciliation run and compared over the world of `truth_world`."""

import datetime as dt
from typing import Any

from signtally.domain.periods import period_between
from signtally.use_cases.reconciling import ReconcileOutcome, reconcile
from signtally.use_cases.reconciling.day_comparison import DayComparison, compare_days
from tests.support.truth_world import NOW, World

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
OCTOBER_30 = dt.date(2026, 10, 30)


def run(world: World, **what: Any) -> ReconcileOutcome:
    return reconcile(services=world.services, **what)


def compared(world: World, *, first: dt.date = OCTOBER_30 - 3 * DAY) -> DayComparison:
    """What a reconciliation compares, without what it counts before."""
    return compare_days(period_between(first, NOW.date()), tenant_id=None, services=world.services)


def on(day: dt.date, hour: int = 12) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour), tzinfo=dt.UTC)
