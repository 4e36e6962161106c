"""How an import writes, how long it retries a store that is away, and when it gives up on an event."""

import dataclasses

from signtally.settings import Settings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ImportConfig:
    """The defaults suit Timestream; tests go faster. What operators tune comes from the settings."""

    writers: int = 8  # requests at a time
    write_batch_events: int = 100  # Timestream takes no more in a request
    retry_budget_seconds: float = 90.0  # with a store that takes nothing, before the import fails
    initial_backoff_seconds: float = 0.2
    max_attempts: int = 20  # at an event that the store does not take while it takes others
    retry_interval_seconds: float = 5.0  # between these attempts
    progress_interval_seconds: float = 5.0

    @classmethod
    def from_settings(cls, settings: Settings) -> "ImportConfig":
        return cls(writers=settings.import_writers, retry_budget_seconds=settings.retry_budget.total_seconds())
