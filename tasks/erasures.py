"""Erasures that are due again, as a task."""

from signtally.use_cases.due_erasures import DueErasuresOutcome, finish_erasures
from tasks.service_tasks import service_task
from tasks.services import services


@service_task()
def take_up_due_erasures() -> DueErasuresOutcome:
    return finish_erasures(services=services())
