"""The command that drops what retention has ended."""

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.signals import interruptible
from signtally.use_cases.expiring import drop_expired


@click.command()
@click.option("--dry-run", is_flag=True, help="Drop nothing; say what would go.")
@json_option
def expire(*, dry_run: bool, as_json: bool) -> None:
    """Drop what has passed its retention.

    SIGNTALLY_MEMORY_RETENTION_HOURS and SIGNTALLY_MAGNETIC_RETENTION_DAYS say how long that is.

    In PostgreSQL: whole months of events, and the daily usage before them, beside running programs. Timestream does
    that by itself.
    """
    with interruptible():
        outcome = drop_expired(services=wiring.services(), dry_run=dry_run)
    verb = "would go" if dry_run else "dropped"
    print_result(
        outcome.as_dict(),
        as_json=as_json,
        lines=lambda: [f"{name} {verb}" for name in outcome.dropped] or ["Nothing is older than what is kept."],
    )
