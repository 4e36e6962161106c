"""Forgetting people: one user of a tenant, or a whole tenant that leaves."""

from signtally.use_cases.erasing.run import BROKEN_OFF, ErasureOutcome, UnfinishedErasureError, UnknownUserError, erase
from signtally.use_cases.erasing.steps import forget_stored_names

__all__ = [
    "BROKEN_OFF",
    "ErasureOutcome",
    "UnfinishedErasureError",
    "UnknownUserError",
    "erase",
    "forget_stored_names",
]
