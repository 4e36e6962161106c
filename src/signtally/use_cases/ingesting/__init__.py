"""Events from the queue to the usage store, each counted once; what cannot be counted, to the dead letters."""

from signtally.domain.ingest_outcome import IngestOutcome, IngestProgress
from signtally.use_cases.ingesting.draining import drain
from signtally.use_cases.ingesting.pace import IngestPace

__all__ = ["IngestOutcome", "IngestPace", "IngestProgress", "drain"]
