"""Commands for what tenants' schedules ask for."""

import datetime as dt

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.parameters import INSTANT
from signtally.use_cases import digesting, scheduling

now_option = click.option("--now", type=INSTANT, help="As if it were this instant, such as 2026-11-01T07:00:00Z.")


@click.group()
def schedules() -> None:
    """Tenants' scheduled reports."""


@schedules.command(name="run")
@now_option
@json_option
def run_schedules(*, now: dt.datetime | None, as_json: bool) -> None:
    """Make the files of every occurrence that is due and not made yet."""
    print_result(scheduling.run_schedules(services=wiring.services(), as_of=now).as_dict(), as_json=as_json)


@click.group()
def digests() -> None:
    """Tenants' digest emails."""


@digests.command(name="run")
@now_option
@json_option
def run_digests(*, now: dt.datetime | None, as_json: bool) -> None:
    """Email every due occurrence to each of its recipients, once."""
    print_result(digesting.run_digests(services=wiring.services(), as_of=now).as_dict(), as_json=as_json)
