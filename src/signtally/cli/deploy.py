"""The command that deploys to a Prefect server."""

import os

import click

from signtally import deploying
from signtally.cli.output import json_option, print_result
from signtally.settings import Settings

_LIMIT = "limit "  # what a line about a limit begins with


@click.command()
@json_option
def deploy(*, as_json: bool) -> None:
    """Bring deployments, schedules, limits and alarms to Prefect.

    Its server is the one at PREFECT_API_URL; again changes nothing.

    Alarms go to SIGNTALLY_ALERT_URL. What a later version has no more is removed; what you switched off stays off.
    """
    if not os.environ.get("PREFECT_API_URL"):
        raise click.UsageError("PREFECT_API_URL is not set: it says which Prefect server to deploy to")
    Settings()  # its errors are clearer here than from another program
    prefect_file = deploying.production_file()
    done = deploying.deploy(prefect_file)
    limits = [line.removeprefix(_LIMIT) for line in done if line.startswith(_LIMIT)]
    automations = [line for line in done if not line.startswith(_LIMIT)]
    result = {"prefect_file": str(prefect_file), "limits": limits, "automations": automations}
    print_result(result, as_json=as_json, lines=lambda: [f"deployed {prefect_file}", *done])
