"""Forgetting people: one user of a tenant, or a whole tenant that leaves."""

from signtally.use_cases.erasing.run import ErasureOutcome, UnfinishedErasureError, UnknownUserError, erase
from signtally.use_cases.erasing.steps import forget_stored_names

__all__ = ["ErasureOutcome", "UnfinishedErasureError", "UnknownUserError", "erase", "forget_stored_names"]
