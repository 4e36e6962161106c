"""Commands that prove figures and mend them: reconcile, rebuild."""

import datetime as dt
import itertools
from collections.abc import Iterator

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.parameters import DAY, ID
from signtally.cli.signals import interruptible
from signtally.domain.counted import counted
from signtally.use_cases.rebuilding import DayChange, Preview, RebuildOutcome, RebuildProgress, preview
from signtally.use_cases.rebuilding import rebuild as rebuild_days
from signtally.use_cases.reconciling import ReconcileOutcome
from signtally.use_cases.reconciling import reconcile as reconcile_days

tenant_option = click.option("--tenant", "tenant_id", type=ID, help="This tenant alone.")
last_option = click.option("--to", "last", type=DAY, help="Last day, included.")


@click.command()
@tenant_option
@click.option("--from", "first", type=DAY, help="First day, in the tenant's zone; 35 days back unless set otherwise.")
@last_option
@json_option
def reconcile(*, tenant_id: str | None, first: dt.date | None, last: dt.date | None, as_json: bool) -> None:
    """Prove that events, daily usage and reports say the same.

    It looks at every day that is over, and at reports made lately.

    Exit code 1 when they do not: then the differences are listed, and scheduled sends of those tenants are held until
    `signtally rebuild` has mended their days, or they are found to match.
    """
    with interruptible():
        outcome = reconcile_days(tenant_id=tenant_id, first=first, last=last, services=wiring.services())
    print_result(outcome.as_dict(), as_json=as_json, lines=lambda: list(_account(outcome)))
    if not outcome.is_clean:
        raise SystemExit(1)


@click.command()
@tenant_option
@click.option(
    "--from", "first", type=DAY, help="First day, in the tenant's zone; the oldest that is kept if not given."
)
@last_option
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
@json_option
def rebuild(
    *, tenant_id: str | None, first: dt.date | None, last: dt.date | None, dry_run: bool, as_json: bool
) -> None:
    """Count days again from their events, the newest first. Broken off, the same command goes on where it stopped."""
    services = wiring.services()
    with interruptible():
        if dry_run:
            found = preview(tenant_id=tenant_id, first=first, last=last, services=services)
            print_result(found.as_dict(), as_json=as_json, lines=lambda: list(_changes(found)))
            return
        outcome = rebuild_days(
            tenant_id=tenant_id, first=first, last=last, services=services, on_progress=_report_progress
        )
    print_result(outcome.as_dict(), as_json=as_json, lines=lambda: list(_result(outcome)))


def _report_progress(progress: RebuildProgress) -> None:
    if progress.is_worth_a_line:
        click.echo(str(progress), err=True)


def _account(outcome: ReconcileOutcome) -> Iterator[str]:
    yield from map(str, outcome.mismatches)
    yield from map(str, outcome.report_mismatches)
    listed = len(outcome.mismatches) + len(outcome.report_mismatches)
    if listed < outcome.mismatched:
        yield f"… and {outcome.mismatched - listed} more"
    yield str(outcome)
    if outcome.superseded:
        do = counted(outcome.superseded, "event does", "events do")
        yield f"{do} not count any more: such an id had been received before"
    if outcome.reports_skipped:
        skipped = counted(outcome.reports_skipped, "report")
        yield f"not compared: {skipped} on the cohort basis, or from before days were kept"
    for tenant_id in outcome.held:
        yield f"held: {tenant_id}; `signtally rebuild --tenant {tenant_id}` mends its days and lets it go"
    for tenant_id in outcome.lifted:
        yield f"let go: {tenant_id}"


def _changes(found: Preview) -> Iterator[str]:
    """Tenants by tenants, and in them a line a day."""
    for (tenant_id, day), changes in itertools.groupby(found.changes, lambda each: (each.tenant_id, each.day)):
        yield f"{tenant_id} · {day}: {', '.join(map(_change, changes))}"
    for tenant_id, zone in found.moves.items():
        yield f"{tenant_id} has moved to {zone}: all of its days would be counted anew there"
    yield f"{counted(found.rows, 'row')} would be written for {found.period.first} to {found.period.last}; nothing was"


def _change(found: DayChange) -> str:
    of_user = "" if found.user_id is None else f"{found.user_id} "
    return f"{of_user}{found.measure} {found.before} → {found.after}"


def _result(outcome: RebuildOutcome) -> Iterator[str]:
    went_on = ", going on where it had been broken off" if outcome.resumed else ""
    days = counted(outcome.tenant_days, "day of a tenant", "days of tenants")
    yield f"{days} counted from {outcome.period.first} to {outcome.period.last}{went_on}"
    yield f"{counted(outcome.rows, 'row')} written, of which {outcome.restated} had said something else"
    for tenant_id in outcome.lifted:
        yield f"let go: {tenant_id}"
