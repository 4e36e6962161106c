"""Making what Signtally needs in an AWS account, once."""

from signtally.services import Services


def provision(*, services: Services) -> dict[str, str]:
    """Make queues, database with tables, and bucket where they are missing: `made` or `found` for each. Idempotent."""
    settings = services.settings
    made = {
        # Before the queue, whose redrive names it.
        f"queue {settings.dead_letter_queue}": services.dead_letters.provision(),
        f"queue {settings.queue}": services.queue.provision(),
        f"database {settings.database}": services.usage_store.provision(),
        f"bucket {settings.bucket}": services.objects.provision(),
    }
    return {what: "made" if new else "found" for what, new in made.items()}
