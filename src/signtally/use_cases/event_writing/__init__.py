"""Batches of events to the usage store, as ingest and imports both write them."""

from signtally.use_cases.event_writing.writer import EventWriter, WriteFailure

__all__ = ["EventWriter", "WriteFailure"]
