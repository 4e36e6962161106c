"""Events from the queue to the usage store, each counted once; what cannot be counted, to the dead-letter queue.

A message's way: `runner` receives it, `in_flight` tracks it, `batching` writes its events, `commit` records its touched
hours and sends its dead letters, `in_flight` deletes it or gives it back. `checkpoint` publishes how far everything is
settled, from what `snapshots` finds in the queue, where several runs do it together.
"""

from signtally.domain.ingest_outcome import IngestOutcome, IngestProgress
from signtally.use_cases.ingesting.config import IngestConfig
from signtally.use_cases.ingesting.runner import drain

__all__ = ["IngestConfig", "IngestOutcome", "IngestProgress", "drain"]
