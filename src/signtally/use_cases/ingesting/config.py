"""How much ingest keeps in flight, how long batches may fill, how often it checks the queue, when it gives up."""

import dataclasses

from signtally.settings import Settings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class IngestConfig:
    """The defaults suit SQS and Timestream; tests go faster. What operators tune comes from the settings."""

    max_in_flight_events: int = 20_000  # of one run, whatever the messages' size; bounds the memory
    receive_wait_seconds: int = 1  # long poll: it asks all of SQS's servers, a short one only some

    write_batch_events: int = 100  # Timestream takes no more in a request
    write_wait_seconds: float = 0.5  # how long an event waits for its batch to fill
    remembered_event_ids: int = 100_000  # stored last; a copy of one of them is a duplicate without a write

    commit_events: int = 5_000  # one touched batch covers so many
    commit_interval_seconds: float = 1.0  # or what was stored within this time

    snapshot_interval_seconds: float = 5.0  # between snapshots of the queue while there is traffic
    round_interval_seconds: float = 15.0  # between snapshots that several runs take together
    round_notice_seconds: float = 1.0  # within which a run learns of another's round
    max_quiesce_seconds: float = 5.0  # the longest that a run neither receives nor deletes for one

    retry_budget_seconds: float = 90.0  # with a service that is away, before the run fails
    initial_backoff_seconds: float = 0.2
    stop_grace_seconds: float = 10.0  # to finish what is in flight when the run is to end; retries stop then
    redelivery_delay_seconds: int = 20  # before a message with an event that could not be stored comes again
    max_receives: int = 20  # then such an event becomes a dead letter

    @classmethod
    def from_settings(cls, settings: Settings) -> "IngestConfig":
        return cls(
            max_in_flight_events=settings.ingest_max_in_flight_events,
            retry_budget_seconds=settings.retry_budget.total_seconds(),
        )
