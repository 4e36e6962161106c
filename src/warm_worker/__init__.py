"""A Prefect worker that runs flows inside its own process, so that a run starts within a fraction of a second.

Prefect's process worker starts a Python interpreter for every run, which spends seconds on imports: too long for a
person who waits for a report. This package knows nothing of Signtally.
"""

from warm_worker.worker import WarmWorker

__all__ = ["WarmWorker"]
