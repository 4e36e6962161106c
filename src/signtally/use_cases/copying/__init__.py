"""Moving house: all that one usage store has into another, while traffic goes on in the first."""

from signtally.use_cases.copying.outcome import CopyOutcome, CopyProgress, Proof
from signtally.use_cases.copying.run import copy_store

__all__ = ["CopyOutcome", "CopyProgress", "Proof", "copy_store"]
