"""Commands that start servers: the local AWS, a whole Signtally, the demo."""

import json
import sys
from pathlib import Path

import click

from signtally.cli.output import json_option
from signtally.local.local_aws import DEFAULT_PORT, DEFAULT_TIMESTREAM_PORT, LocalAws
from signtally.local.processes import Supervisor, interrupted_by_sigterm

_DATA = Path(".signtally/data")
port_option = click.option("--port", default=DEFAULT_PORT, show_default=True, help="Port of SQS, S3 and SES.")
timestream_port_option = click.option(
    "--timestream-port", default=DEFAULT_TIMESTREAM_PORT, show_default=True, help="Port of Timestream."
)
data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=_DATA,
    show_default=True,
    help="Where state is kept between runs.",
)


@click.command()
@port_option
@timestream_port_option
@data_option
@json_option
def local(*, port: int, timestream_port: int, data: Path, as_json: bool) -> None:
    """Run the local AWS in the foreground until Ctrl-C."""
    aws = LocalAws(port, timestream_port, data.absolute())
    with interrupted_by_sigterm(), Supervisor(log=log_line) as supervisor:
        try:
            for program in aws.programs():
                supervisor.start(program)
            supervisor.wait_until_ready()
            if as_json:
                click.echo(json.dumps({"status": "ready", "environment": aws.environment}))
            else:
                for name, value in aws.environment.items():
                    click.echo(f"export {name}={value}")
                click.echo("ready; Ctrl-C stops it")
            sys.stdout.flush()
            supervisor.wait()
        except KeyboardInterrupt:
            log_line("stopping")


def log_line(text: str) -> None:
    """One line of the merged log."""
    click.echo(text, err=True)
