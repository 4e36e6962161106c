"""The commands local, up and demo, which start servers on this machine; not in the production wheel."""

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import click

from signtally import wiring
from signtally.cli.output import json_option
from signtally.cli.signals import interruptible
from signtally.local.demo import EVENTS, REPORTS, TENANTS, Demo
from signtally.local.local_aws import DEFAULT_PORT, DEFAULT_TIMESTREAM_PORT, LocalAws
from signtally.local.local_postgresql import DEFAULT_POSTGRESQL_PORT, LocalPostgresql
from signtally.local.processes import Supervisor
from signtally.local.stack import Stack
from signtally.loopback import free_port

DEFAULT_API_PORT, DEFAULT_PREFECT_PORT = 8000, 4200
_DATA = Path(".signtally/data")
_TIMESTREAM, _POSTGRESQL = "timestream", "postgresql"
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
store_option = click.option(
    "--store",
    type=click.Choice([_TIMESTREAM, _POSTGRESQL]),
    default=_TIMESTREAM,
    show_default=True,
    help="Where usage is kept: the local Timestream, or a PostgreSQL server of its own.",
)


@click.command()
@port_option
@timestream_port_option
@data_option
@json_option
def local(*, port: int, timestream_port: int, data: Path, as_json: bool) -> None:
    """Run the local AWS in the foreground until Ctrl-C."""
    aws = LocalAws(port, timestream_port, data.absolute())
    with _foreground() as supervisor:
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


@click.command()
@port_option
@timestream_port_option
@click.option("--api-port", default=DEFAULT_API_PORT, show_default=True, help="Port of the API and the page.")
@click.option("--prefect-port", default=DEFAULT_PREFECT_PORT, show_default=True, help="Port of Prefect's API and UI.")
@click.option(
    "--postgresql-port",
    default=DEFAULT_POSTGRESQL_PORT,
    show_default=True,
    help="Port of PostgreSQL, with --store postgresql.",
)
@store_option
@data_option
@json_option
def up(  # noqa: PLR0913 -- one parameter an option
    *,
    port: int,
    timestream_port: int,
    api_port: int,
    prefect_port: int,
    postgresql_port: int,
    store: str,
    data: Path,
    as_json: bool,
) -> None:
    """Run everything in one terminal until Ctrl-C: local AWS, Prefect, its workers, the API and the page."""
    aws = LocalAws(port, timestream_port, data.absolute())
    stack = Stack(aws, api_port, prefect_port, _server(store, postgresql_port, aws))
    with _foreground() as supervisor:
        stack.start(supervisor, log=log_line)
        if as_json:
            click.echo(json.dumps({"status": "ready", "urls": stack.urls, "environment": stack.shell_environment}))
        else:
            for line in _where(stack):
                click.echo(line)
            click.echo("ready; Ctrl-C stops everything")
        sys.stdout.flush()
        supervisor.wait()


def _port_or_free(option: str, usual: int, of: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option whose default is the usual port, or a free one where another program listens on that."""
    shown = f"{usual}, or a free one"
    return click.option(option, type=int, default=lambda: free_port(usual), show_default=shown, help=f"Port of {of}.")


@click.command()
@click.option("--once", is_flag=True, help="Stop after the summary instead of staying up.")
@click.option("--events", type=click.IntRange(1_000), default=EVENTS, show_default=True, help="How many to send.")
@click.option(
    "--tenants",
    type=click.IntRange(REPORTS),
    default=TENANTS,
    show_default=True,
    help="Of how many tenants.",
)
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=Path("demo"), show_default=True)
@_port_or_free("--port", DEFAULT_PORT, "SQS, S3 and SES")
@_port_or_free("--timestream-port", DEFAULT_TIMESTREAM_PORT, "Timestream")
@_port_or_free("--api-port", DEFAULT_API_PORT, "the API and the page")
@_port_or_free("--prefect-port", DEFAULT_PREFECT_PORT, "Prefect's API and UI")
@_port_or_free("--postgresql-port", DEFAULT_POSTGRESQL_PORT, "PostgreSQL, with --store postgresql")
@store_option
@data_option
@json_option
def demo(  # noqa: PLR0913 -- one parameter an option
    *,
    once: bool,
    events: int,
    tenants: int,
    output: Path,
    port: int,
    timestream_port: int,
    api_port: int,
    prefect_port: int,
    postgresql_port: int,
    store: str,
    data: Path,
    as_json: bool,
) -> None:
    """Start everything, push sample traffic through, compare every figure, and show where things are.

    The last line of the summary is one JSON object, with --json or without. State in --data is made anew.
    """
    del as_json  # it ends with JSON anyway
    began = time.monotonic()
    aws = LocalAws(port, timestream_port, (data / "demo").absolute())
    stack = Stack(aws, api_port, prefect_port, _server(store, postgresql_port, aws), fresh=True)
    _clear(output)
    with (output / "log.txt").open("w", encoding="utf-8") as log, _foreground(log=_into(log)) as supervisor:
        log_line(f"the servers' own log is in {output / 'log.txt'}")
        stack.start(supervisor, log=log_line)
        demonstration = Demo(stack, wiring.services(), output, log_line, events, tenants)
        summary = demonstration.run(setup_seconds=time.monotonic() - began)
        for line in [*_where(stack), *_outcome(demonstration, summary)]:
            click.echo(line)
        click.echo(json.dumps(summary))
        sys.stdout.flush()
        if not once:
            log_line("everything stays up; Ctrl-C stops it")
            supervisor.wait()


def _server(store: str, port: int, aws: LocalAws) -> LocalPostgresql | None:
    """The PostgreSQL server, with its state beside the local AWS's; None with Timestream."""
    return LocalPostgresql(port, aws.data / "postgresql") if store == _POSTGRESQL else None


@contextlib.contextmanager
def _foreground(log: Callable[[str], None] | None = None) -> Iterator[Supervisor]:
    """A supervisor whose children run as long as this block; Ctrl-C and SIGTERM end the block without an error."""
    with interruptible(), Supervisor(log=log or log_line) as supervisor:
        try:
            yield supervisor
        except KeyboardInterrupt:
            log_line("stopping")


def _clear(output: Path) -> None:
    """Empty the output directory of an earlier demo. Raises ClickException when it holds anything else."""
    output.mkdir(parents=True, exist_ok=True)
    if any(output.iterdir()) and not (output / "log.txt").exists():
        raise click.ClickException(f"{output} holds other things than an earlier demo: choose another with --output")
    shutil.rmtree(output)
    output.mkdir()


def _into(file: TextIO) -> Callable[[str], None]:
    def write(text: str) -> None:
        file.write(f"{text}\n")
        file.flush()

    return write


def _where(stack: Stack) -> list[str]:
    return [
        f"Usage Reports page  {stack.page_url}/",
        f"API                 {stack.page_url}/docs",
        f"Prefect UI          {stack.prefect_url}",
        "Point commands at it with:",
        *(f"  export {name}={value}" for name, value in stack.shell_environment.items()),
    ]


def _outcome(demonstration: Demo, summary: dict[str, Any]) -> list[str]:
    lines = [f"Every figure of {summary['tenants']} tenants agrees with what was sent."]
    for report in summary["reports"]:
        lines.append(f"{report['tenant_id']}: {report['report_id']}, version {report['version']}")
        lines += [f"  {file['format']:<4} {file['url']}" for file in report["files"]]
    lines.append(f"Copies of the files are in {demonstration.output}/")
    lines += ["", "The Usage Reports page, signed in as an administrator of:"]
    lines += [
        f"  {report['tenant_id']}: {demonstration.page_url(report['tenant_id'])}" for report in summary["reports"]
    ]
    return lines


def log_line(text: str) -> None:
    """One line of the merged log."""
    click.echo(text, err=True)
