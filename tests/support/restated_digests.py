"""Figures that change after their digest went out."""

import datetime as dt

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.schemas import AFTER, BEFORE, RESTATEMENTS
from tests.support.digest_portal import MONTHLY, Portal, usage

CORRECTED = MONTHLY.model_copy(update={"correct_from_percent": 5})
HOUR = dt.timedelta(hours=1)


def restate(
    acmes: Portal, sent: int, *, version: int = 2, day: dt.date = dt.date(2026, 10, 5), after: dt.timedelta = HOUR
) -> None:
    """As aggregation does: the rows, and the record of what they had said."""
    acmes.clock.now += after
    acmes.services.usage_store.put_daily_usage(usage(sent, day=day), version=version)
    zeros = dict.fromkeys((f"{side}{measure}" for side in (BEFORE, AFTER) for measure in MEASURES), 0)
    record = zeros | {"tenant_id": "acme", "day": day, "restated_at": acmes.clock.now, "reason": "late-events"}
    acmes.services.usage_store.put_restatements(pl.DataFrame([record], schema=RESTATEMENTS))
    acmes.clock.now += after
