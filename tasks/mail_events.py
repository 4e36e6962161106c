"""The queue of mail events, as a task."""

from signtally.use_cases.delivering import MailEventsOutcome, handle_mail_events
from tasks.service_tasks import service_task
from tasks.services import services


@service_task()
def take_in_mail_events(time_budget_seconds: int) -> MailEventsOutcome:
    return handle_mail_events(services=services(), budget_seconds=time_budget_seconds)
