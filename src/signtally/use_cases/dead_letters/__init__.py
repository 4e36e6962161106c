"""What could not be counted, for operators: list it, replay it."""

from signtally.use_cases.dead_letters.listing import DeadLetterListing, ReasonSummary, Sample, list_dead_letters
from signtally.use_cases.dead_letters.replaying import ReplayOutcome, replay_dead_letters

__all__ = [
    "DeadLetterListing",
    "ReasonSummary",
    "ReplayOutcome",
    "Sample",
    "list_dead_letters",
    "replay_dead_letters",
]
