"""Commands that copy everything into a directory, and put it back."""

from pathlib import Path

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.signals import interruptible
from signtally.domain.counted import counted
from signtally.use_cases.backups import back_up
from signtally.use_cases.backups import restore as restore_from


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@json_option
def backup(directory: Path, *, as_json: bool) -> None:
    """Copy bucket and events into DIRECTORY.

    The next time into the same one, only what changed of the bucket is copied.

    It has names and addresses of customers' users: keep it as you keep the bucket. Who is erased goes from it with the
    next backup into it.
    """
    with interruptible():
        outcome = back_up(directory, services=wiring.services())
    objects, events = counted(outcome.objects, "object"), counted(outcome.events, "event")
    lines = [f"{directory} has {objects} ({outcome.read} read) and {events}"]
    print_result(outcome.as_dict(), as_json=as_json, lines=lambda: lines)


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@json_option
def restore(directory: Path, *, as_json: bool) -> None:
    """Put back from DIRECTORY what is missing. What is there stays. Then count: signtally rebuild.

    Broken off, the same command goes on. Exit code 1 when the database does not take some events any more.
    """
    with interruptible():
        outcome = restore_from(directory, services=wiring.services())
    lines = [
        f"objects: {outcome.objects} put back, {outcome.objects_kept} there already",
        f"events: {outcome.events} put back, {outcome.events_kept} there already, {outcome.refused} refused",
        "now count them: signtally rebuild",
    ]
    if outcome.erasures_due:
        lines.append(f"erased since the backup was made: {outcome.erasures_due}; erase again: signtally erasures run")
    print_result(outcome.as_dict(), as_json=as_json, lines=lambda: lines)
    if outcome.refused:
        raise SystemExit(1)
