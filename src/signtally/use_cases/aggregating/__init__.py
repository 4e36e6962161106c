"""From events to daily usage: counting again the days that ingest touched, or those that an operator names.

Runs may repeat, overlap and die at any point: notes of touched hours are forgotten only when their events are counted,
and tenants that move are noted as moving before and as settled after they are recounted.
"""

from signtally.use_cases.aggregating.named_days import aggregate_days, named_span, occupied_blocks, recount
from signtally.use_cases.aggregating.restating import AggregationOutcome
from signtally.use_cases.aggregating.touched_days import aggregate_touched, publish_counted, settled_now

__all__ = [
    "AggregationOutcome",
    "aggregate_days",
    "aggregate_touched",
    "named_span",
    "occupied_blocks",
    "publish_counted",
    "recount",
    "settled_now",
]
