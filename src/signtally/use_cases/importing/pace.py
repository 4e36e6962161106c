"""How an import writes, how long it waits for a store that is away, and when it gives up on an event."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ImportPace:
    """The defaults suit Timestream; tests go faster."""

    writers: int = 8
    write_events: int = 100  # Timestream takes no more in a request
    patience_seconds: float = 90.0  # with a store that takes nothing, before the import fails
    pause_seconds: float = 0.2  # the longest first pause before trying again; later ones grow
    give_up_attempts: int = 20  # at an event that the store does not take while it takes others
    retry_seconds: float = 5.0  # between these
    progress_seconds: float = 5.0  # between looks at the progress
