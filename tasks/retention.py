"""What retention has ended, dropped as a task."""

from signtally.use_cases.expiring import ExpiryOutcome, drop_expired
from tasks.service_tasks import service_task
from tasks.services import services


@service_task()
def drop_what_is_expired() -> ExpiryOutcome:
    return drop_expired(services=services())
