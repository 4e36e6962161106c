"""The command for what the mail service says later of emails."""

from typing import BinaryIO

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.domain.mail_events import BadMailEventError
from signtally.domain.returned_mail import read_returned_mail
from signtally.use_cases.delivering import handle_mail_events, record_mail_event


@click.command()
@click.option(
    "--message",
    type=click.File("rb"),
    help="Read one returned email from this file (- is stdin) instead: for a mail server's alias.",
)
@json_option
def mail_events(*, message: BinaryIO | None, as_json: bool) -> None:
    """Take in what came back of emails: bounces, complaints.

    Who has no mailbox, or complained, gets no more emails of that tenant.

    SES writes it to the queue SIGNTALLY_MAIL_EVENTS_QUEUE, which this drains. An SMTP server sends an email instead:
    let it pipe what comes to SIGNTALLY_MAIL_BOUNCES_TO into `signtally mail-events --message -`.
    """
    services = wiring.services()
    if message is None:
        print_result(handle_mail_events(services=services).as_dict(), as_json=as_json)
        return
    event = read_returned_mail(message.read(), now=services.clock())
    if event is None:
        print_result({"state": None, "detail": "it tells nothing new"}, as_json=as_json)
        return
    delivery = record_mail_event(event, services=services)
    if delivery is None:
        raise BadMailEventError("unknown-email", f"no email of ours has the id {event.message_id} ({event.detail})")
    print_result(
        {"recipient": delivery.email, "state": str(delivery.state), "detail": delivery.detail}, as_json=as_json
    )
