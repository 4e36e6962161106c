"""Creates what Signtally needs in an AWS account: queues, database, bucket, sender."""

from collections.abc import Callable
from functools import partial

from signtally.ports.errors import ServiceError
from signtally.services import Services


def provision(*, services: Services) -> dict[str, str]:
    """Create queues, database with tables, bucket and sender where they are missing: `made` or `found` for each.

    Idempotent. Reports work without email, so a mail service that does not answer is reported and is no error.
    """
    settings = services.settings
    orders = services.report_queue.provision()
    made = {
        # Before the queue, whose redrive names it.
        f"queue {settings.dead_letter_queue}": services.dead_letters.provision(),
        f"queue {settings.queue}": services.queue.provision(),
        f"queue {settings.report_dead_letter_queue}": orders["dead letters"],
        f"queue {settings.report_queue}": orders["orders"],
        f"database {settings.database}": services.usage_store.provision(),
        f"bucket {settings.bucket}": services.objects.provision(),
    }
    if services.mail_events is not None:
        mail_events = services.mail_events.provision()
        made[f"queue {settings.mail_events_dead_letter_queue}"] = mail_events["dead letters"]
        made[f"queue {settings.mail_events_queue}"] = mail_events["events"]
    found = {what: "made" if new else "found" for what, new in made.items()}
    sender = {f"sender {settings.mail_from}": _attempted(partial(services.mailer.provision, sender=settings.mail_from))}
    if services.mail_events is None:
        return found | sender
    return found | sender | {"events of emails": _attempted(services.mail_events.provision_feed)}


def _attempted(make: Callable[[], bool]) -> str:
    try:
        return "made" if make() else "found"
    except ServiceError as error:
        return f"not made: {error}"
