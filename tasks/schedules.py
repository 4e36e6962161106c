"""What tenants' schedules ask for, as tasks."""

from signtally.use_cases import digesting, scheduling
from signtally.use_cases.digesting import DigestsOutcome
from signtally.use_cases.scheduling import SchedulesOutcome
from tasks.service_tasks import service_task
from tasks.services import services


@service_task()
def make_due_reports() -> SchedulesOutcome:
    return scheduling.run_schedules(services=services())


@service_task()
def send_due_digests() -> DigestsOutcome:
    return digesting.run_digests(services=services())
