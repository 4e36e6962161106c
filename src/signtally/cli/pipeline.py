"""Commands that move events: provision, ingest, aggregate."""

import datetime as dt

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.parameters import DAY, ID
from signtally.cli.signals import interruptible, stop_on_signals
from signtally.use_cases import aggregating, ingesting, provisioning


@click.command()
@json_option
def provision(*, as_json: bool) -> None:
    """Create queues, tables and bucket where they are missing."""
    print_result(provisioning.provision(services=wiring.services()), as_json=as_json)


@click.command()
@click.option("--consumers", type=click.IntRange(min=1, max=64), default=4, show_default=True)
@click.option(
    "--budget",
    "budget_seconds",
    type=click.FloatRange(min=0),
    help="Receive no more messages after this many seconds, then finish those in flight.",
)
@json_option
def ingest(*, consumers: int, budget_seconds: float | None, as_json: bool) -> None:
    """Move events from the queue to the usage store. It ends when nothing is visible and nothing is in flight."""
    with interruptible(), stop_on_signals() as stop:
        outcome = ingesting.drain(
            services=wiring.services(), consumers=consumers, budget_seconds=budget_seconds, stop=stop
        )
    print_result(outcome.as_dict(), as_json=as_json)


@click.command()
@click.option("--tenant", "tenant_id", type=ID, help="This tenant alone.")
@click.option("--from", "first", type=DAY, help="First day, in the tenant's zone.")
@click.option("--to", "last", type=DAY, help="Last day, included.")
@json_option
def aggregate(*, tenant_id: str | None, first: dt.date | None, last: dt.date | None, as_json: bool) -> None:
    """Count the days with new events, or those that you name."""
    services = wiring.services()
    if tenant_id is None and first is None and last is None:
        outcome = aggregating.aggregate_touched(services=services)
    else:
        outcome = aggregating.aggregate_days(tenant_id=tenant_id, first=first, last=last, services=services)
    print_result(outcome.as_dict(), as_json=as_json)
