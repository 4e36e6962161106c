"""A tenant that leaves: its schedules stop, its figures are exported, and what is stored of it goes."""

from signtally.use_cases.offboarding.run import OffboardingOutcome, UnknownTenantError, offboard

__all__ = ["OffboardingOutcome", "UnknownTenantError", "offboard"]
