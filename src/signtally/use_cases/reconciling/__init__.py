"""The proof that events, daily usage and reports say the same, and what happens when they do not.

Events are counted a second time, in another way (`signtally.domain.reconciliation`), from all that is stored.
"""

from signtally.use_cases.reconciling.context import instants_of
from signtally.use_cases.reconciling.day_comparison import compare_days
from signtally.use_cases.reconciling.outcome import ReconcileOutcome
from signtally.use_cases.reconciling.report_comparison import compare_reports
from signtally.use_cases.reconciling.run import reconcile

__all__ = ["ReconcileOutcome", "compare_days", "compare_reports", "instants_of", "reconcile"]
