"""What the mail service says later of emails: bounces, complaints, delays."""

from prefect import flow

from signtally.use_cases.delivering import MailEventsOutcome
from tasks.failures import explain_failure
from tasks.mail_events import take_in_mail_events
from tasks.run_names import due_by
from tasks.summaries import figures, publish_summary


@flow(name="mail-events", flow_run_name=due_by, on_failure=[explain_failure], on_crashed=[explain_failure])
def mail_events(time_budget_seconds: int = 300) -> MailEventsOutcome:
    """Record on each delivery what became of it, and suppress the addresses that have no mailbox, or complained."""
    outcome = take_in_mail_events(time_budget_seconds)
    publish_summary("mail-events", figures(outcome.as_dict()), description="What came back, and what was done about it")
    return outcome
