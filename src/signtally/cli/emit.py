"""The command emit, which sends sample traffic; not in the production wheel."""

import dataclasses
import datetime as dt
from pathlib import Path

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.parameters import INSTANT
from signtally.sample.plan import TrafficPlan
from signtally.sample.sending import default_until
from signtally.sample.sending import emit as send


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
    """Send sample traffic as a portal would. Its tenants' profiles are stored, too."""
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
    print_result(dataclasses.asdict(send(plan, services=services, expect=expect)), as_json=as_json)
