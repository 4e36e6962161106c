"""A Prefect worker that runs flow runs inside its own process: nobody waits for an interpreter and its imports.

Prefect's process worker starts a Python for every run, which imports for seconds. For a person who waits for a report
that is too long; for a run of minutes it does not matter. This package knows nothing of Signtally.
"""

from warm_worker.worker import WarmWorker

__all__ = ["WarmWorker"]
