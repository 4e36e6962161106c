"""Commands that move events: provision, emit, ingest, aggregate."""

import dataclasses
import datetime as dt
from pathlib import Path

import click

from signtally import wiring
from signtally.cli.output import answer, json_option
from signtally.cli.parameters import DAY, INSTANT
from signtally.cli.signals import interruptible, stop_on_signals
from signtally.sample.plan import TrafficPlan
from signtally.sample.sending import default_until
from signtally.sample.sending import emit as send
from signtally.use_cases import aggregating, ingesting, provisioning


@click.command()
@json_option
def provision(*, as_json: bool) -> None:
    """Create the queues, the database with its tables, and the bucket, unless they exist."""
    answer(provisioning.provision(services=wiring.services()), as_json=as_json)


@click.command()
@click.option("--tenants", type=click.IntRange(min=1), default=40, show_default=True)
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, help="How far back it reaches.")
@click.option("--events", type=click.IntRange(min=1), default=20_000, show_default=True, help="Distinct good events.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed and --until, same traffic.")
@click.option("--duplicates", type=click.FloatRange(0, 1), default=0.0, help="Share of events that are sent again.")
@click.option("--late", type=click.FloatRange(0, 1), default=0.0, help="Share of events that arrive days later.")
@click.option("--junk", type=click.FloatRange(0, 1), default=0.0, help="Share of bad messages, on top.")
@click.option("--until", type=INSTANT, help="The end of the traffic; now, to the minute, when not given.")
@click.option("--expect", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write the true counts.")
@json_option
def emit(  # noqa: PLR0913 -- one parameter an option
    *,
    tenants: int,
    days: int,
    events: int,
    seed: int,
    duplicates: float,
    late: float,
    junk: float,
    until: dt.datetime | None,
    expect: Path | None,
    as_json: bool,
) -> None:
    """Send sample traffic as a portal would, and store its tenants' profiles."""
    services = wiring.services()
    plan = TrafficPlan(
        tenants=tenants,
        days=days,
        events=events,
        seed=seed,
        until=until or default_until(services.clock()),
        duplicates=duplicates,
        late=late,
        junk=junk,
    )
    answer(dataclasses.asdict(send(plan, services=services, expect=expect)), as_json=as_json)


@click.command()
@click.option("--consumers", type=click.IntRange(min=1, max=64), default=4, show_default=True)
@click.option(
    "--budget",
    "budget_seconds",
    type=click.FloatRange(min=0),
    help="Take nothing more after so many seconds, and end when what is in hand is settled.",
)
@json_option
def ingest(*, consumers: int, budget_seconds: float | None, as_json: bool) -> None:
    """Drain the queue: end when nothing is visible and nothing is in flight."""
    with interruptible(), stop_on_signals() as stop:
        outcome = ingesting.drain(
            services=wiring.services(), consumers=consumers, budget_seconds=budget_seconds, stop=stop
        )
    answer(outcome.as_dict(), as_json=as_json)


@click.command()
@click.option("--tenant", "tenant_id", help="This tenant alone.")
@click.option("--from", "first", type=DAY, help="First day, in the tenant's zone.")
@click.option("--to", "last", type=DAY, help="Last day, included.")
@json_option
def aggregate(*, tenant_id: str | None, first: dt.date | None, last: dt.date | None, as_json: bool) -> None:
    """Count anew the days that ingest touched; with a tenant or dates, those days."""
    services = wiring.services()
    if tenant_id is None and first is None and last is None:
        outcome = aggregating.aggregate_touched(services=services)
    else:
        outcome = aggregating.aggregate_days(tenant_id=tenant_id, first=first, last=last, services=services)
    answer(outcome.as_dict(), as_json=as_json)
