"""Commands that move events: provision, emit, ingest, aggregate."""

import dataclasses
import datetime as dt
import sys
from pathlib import Path

import click

from signtally import wiring
from signtally.cli.output import answer, json_option
from signtally.cli.parameters import DAY, INSTANT
from signtally.local.processes import interrupted_by_sigterm


@click.command()
@json_option
def provision(*, as_json: bool) -> None:
    """Create the queues, the database with its tables, and the bucket, unless they exist."""
    from signtally.use_cases import provisioning

    answer(provisioning.provision(services=wiring.services()), as_json=as_json)
