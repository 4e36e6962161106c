"""From events to daily usage: counting again the days that ingest touched, or those that an operator names.

Runs may repeat, overlap and die at any point: a touched batch is acknowledged only when its events are counted, and a
tenant that moves is marked as moving until all of its days are recounted. What other use cases call is named in
`__all__`; the modules within are private to this package.
"""

from signtally.use_cases.aggregating.day_reads import CountedDays
from signtally.use_cases.aggregating.named_days import aggregate_days, named_span, recount, recount_dry_run
from signtally.use_cases.aggregating.restating import AggregationOutcome
from signtally.use_cases.aggregating.touched_days import aggregate_touched, publish_counted, settled_now

__all__ = [
    "AggregationOutcome",
    "CountedDays",
    "aggregate_days",
    "aggregate_touched",
    "named_span",
    "publish_counted",
    "recount",
    "recount_dry_run",
    "settled_now",
]
