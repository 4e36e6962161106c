"""Commands for what tenants' schedules ask for: what is due, and what will be."""

import datetime as dt

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.parameters import ID, INSTANT
from signtally.domain.schedules import Occurrence, due_between
from signtally.services import system_clock
from signtally.use_cases.delivering import digesting, due_now, scheduling

_PLANNED_DAYS = 31
now_option = click.option("--now", type=INSTANT, help="As if it were this instant, such as 2026-11-01T07:00:00Z.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Only tell what is due; needed for an instant to come.")


@click.group()
def schedules() -> None:
    """Tenants' scheduled reports."""


@schedules.command(name="run")
@now_option
@dry_run_option
@json_option
def run_schedules(*, now: dt.datetime | None, dry_run: bool, as_json: bool) -> None:
    """Make the files of every occurrence that is due and not made yet.

    The exit code is 1 when something is overdue, pending or failed.
    """
    _refuse_the_future(now, dry_run=dry_run)
    services = wiring.services()
    if dry_run:
        _print_due(due_now(scheduling.KIND, services=services, as_of=now or services.clock()), as_json=as_json)
        return
    outcome = scheduling.run_schedules(services=services, as_of=now)
    print_result(outcome.as_dict(), as_json=as_json)
    outcome.require_all_well()


@schedules.command()
@click.option("--from", "since", type=INSTANT, help="Later than this instant; now, unless given.")
@click.option("--to", "until", type=INSTANT, help=f"Up to this instant; {_PLANNED_DAYS} days on, unless given.")
@click.option("--tenant", "tenant_id", type=ID, help="Of one tenant only.")
@json_option
def due(*, since: dt.datetime | None, until: dt.datetime | None, tenant_id: str | None, as_json: bool) -> None:
    """Tell what will fall due, without making or sending anything."""
    services = wiring.services()
    begin = since or services.clock()
    end = until or begin + dt.timedelta(days=_PLANNED_DAYS)
    if end <= begin:
        raise click.UsageError(f"--to {end.isoformat()} is not later than --from {begin.isoformat()}")
    tenants = services.stores.tenants.all().values() if tenant_id is None else [services.stores.tenants.get(tenant_id)]
    found = [
        occurrence
        for tenant in tenants
        for schedule in tenant.schedules
        for occurrence in due_between(tenant, schedule, since=begin, until=end)
    ]
    _print_due(sorted(found, key=lambda each: each.due_at), as_json=as_json)


@click.group()
def digests() -> None:
    """Tenants' digest emails."""


@digests.command(name="run")
@now_option
@dry_run_option
@json_option
def run_digests(*, now: dt.datetime | None, dry_run: bool, as_json: bool) -> None:
    """Email every due occurrence to each of its recipients, once.

    The exit code is 1 when something is refused, in doubt, given up, overdue, pending or failed.
    """
    _refuse_the_future(now, dry_run=dry_run)
    services = wiring.services()
    if dry_run:
        _print_due(due_now(digesting.KIND, services=services, as_of=now or services.clock()), as_json=as_json)
        return
    outcome = digesting.run_digests(services=services, as_of=now)
    print_result(outcome.as_dict(), as_json=as_json)
    outcome.require_all_well()


def _refuse_the_future(now: dt.datetime | None, *, dry_run: bool) -> None:
    """A run of the future would take what is really due then for done."""
    if now is not None and not dry_run and now > system_clock():
        raise click.UsageError(f"--now {now.isoformat()} has not come yet: add --dry-run to see what will be due")


def _print_due(occurrences: list[Occurrence], *, as_json: bool) -> None:
    rows = [_row(each) for each in occurrences]
    lines = [f"{row['due_at']}  {row['tenant_id']} / {row['schedule']} / {row['period']}" for row in rows]
    print_result({"due": rows}, as_json=as_json, lines=lambda: lines or ["nothing"])


def _row(occurrence: Occurrence) -> dict[str, object]:
    return {
        "tenant_id": occurrence.tenant.tenant_id,
        "schedule": occurrence.schedule.name,
        "period": occurrence.name,
        "due_at": f"{occurrence.due_at:%Y-%m-%dT%H:%M:%SZ}",
        "formats": list(occurrence.schedule.formats),
        "recipients": [recipient.email for recipient in occurrence.schedule.recipients],
        "destinations": [destination.label for destination in occurrence.schedule.destinations],
    }
