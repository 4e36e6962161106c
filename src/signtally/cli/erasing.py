"""Commands that forget: a person, a whole tenant."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.parameters import ADDRESS, ID
from signtally.cli.signals import interruptible
from signtally.domain.counted import counted
from signtally.use_cases.due_erasures import finish_erasures
from signtally.use_cases.erasing import ErasureOutcome
from signtally.use_cases.erasing import erase as erase_person
from signtally.use_cases.offboarding import OffboardingOutcome
from signtally.use_cases.offboarding import offboard as offboard_tenant

_STAYS = (
    "counts, under the user id, which stays in events and files as long as those do",
    "messages on the queue and dead letters, for 14 days at most; replayed, they are stored without names",
    "emails that were sent and files that were downloaded: nobody can call them back",
    "copies that you keep yourself: versions of the bucket's objects, backups, the portal's own records",
)


@click.command()
@click.option("--tenant", "tenant_id", type=ID, required=True)
@click.option("--user", "user_id", type=ID, required=True, help="The user's id, as events have it.")
@click.option("--email", "emails", type=ADDRESS, multiple=True, help="Another address of theirs, if you know one.")
@click.option("--dry-run", is_flag=True, help="Say what would be changed, and change nothing.")
@json_option
def erase(*, tenant_id: str, user_id: str, emails: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Take a user's names and addresses out of what is stored. Their figures stay under their id.

    Report versions that name the user lose their files and can be ordered again. What arrives later under that id is
    counted and never named. Broken off, the same command goes on; safe while everything runs.
    """
    with interruptible():
        outcome = erase_person(tenant_id, user_id, emails=emails, dry_run=dry_run, services=wiring.services())
    result = outcome.as_dict() | {"stays": _STAYS}
    print_result(result, as_json=as_json, lines=lambda: [*_account(outcome)])


@click.command()
@click.option("--tenant", "tenant_id", type=ID, required=True)
@click.option(
    "--export",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="First write all of its figures into a ZIP file there.",
)
@click.option("--yes", is_flag=True, help="Delete: nothing brings it back.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and change nothing.")
@json_option
def offboard(*, tenant_id: str, export: Path | None, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Suspend a tenant that leaves, and delete what is its own. That is its reports, schedules, ledgers and names.

    Its counts stay in the usage store, without names, until retention ends. What arrives later is stored without names;
    the API refuses the tenant. Broken off, the same command goes on.
    """
    if not yes and not dry_run:
        raise click.UsageError("this deletes what is stored of the tenant: see --dry-run, then say --yes")
    with interruptible():
        outcome = offboard_tenant(tenant_id, export=export, dry_run=dry_run, services=wiring.services())
    print_result(outcome.as_dict(), as_json=as_json, lines=lambda: [*_farewell(outcome)])


@click.group()
def erasures() -> None:
    """Who was erased, and what is due again."""


@erasures.command(name="list")
@json_option
def list_erasures(*, as_json: bool) -> None:
    """List who was erased, and when it is looked again.

    A record says whose id, when and how many things; there is no name in it.
    """
    rows = [dataclasses.asdict(each) for each in wiring.services().stores.erasures.records()]
    for row in rows:
        row["is_finished"] = row.pop("addresses") == () and row["finished_at"] is not None
    print_result({"rows": rows}, as_json=as_json, lines=lambda: [_line(row) for row in rows] or ["none"])


@erasures.command(name="run")
@json_option
def run_erasures(*, as_json: bool) -> None:
    """Take up what is due again, as the flow `erasures` does every hour.

    The exit code is 1 when something is pending.
    """
    with interruptible():
        outcome = finish_erasures(services=wiring.services())
    print_result(outcome.as_dict(), as_json=as_json)
    outcome.require_all_done()


def _line(row: dict[str, Any]) -> str:
    about = f"{row['tenant_id']} / {row['user_id']}" if row["user_id"] else row["tenant_id"]
    again = f", looks again at {row['looks_again_at']}" if row["looks_again_at"] else ""
    ended = f"finished {row['finished_at']}{again}" if row["is_finished"] else "under way"
    return f"{about}  begun {row['begun_at']}, {ended}  {counted(sum(row['changed'].values()), 'thing')}"


def _farewell(outcome: OffboardingOutcome) -> Iterator[str]:
    done = "would be offboarded: nothing was changed" if outcome.dry_run else "is offboarded"
    yield f"{outcome.tenant_id} {done}"
    if outcome.export is not None:
        yield f"  its figures: {outcome.export}"
    for name, number in outcome.deleted.items():
        yield f"  {name}: {number}"
    yield from _again(outcome.looks_again_at)
    if outcome.figures_until is not None:
        yield f"What stays: its counts without names, the last of them until {outcome.figures_until}"


def _account(outcome: ErasureOutcome) -> Iterator[str]:
    done = "would be erased: nothing was changed" if outcome.dry_run else "is erased"
    yield f"{outcome.user_id} of {outcome.tenant_id} {done}"
    for name, number in outcome.changed.items():
        yield f"  {name}: {number}"
    yield from _again(outcome.looks_again_at)
    yield "What stays:"
    yield from (f"  {each}" for each in _STAYS)


def _again(at: dt.datetime | None) -> Iterator[str]:
    if at is not None:
        yield f"The flow `erasures` looks again after {at:%Y-%m-%d %H:%M} UTC, for what cannot be seen yet."
