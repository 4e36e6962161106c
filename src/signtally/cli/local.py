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
from signtally.cli.stack_options import (
    StackOptions,
    data_option,
    port_option,
    stack_options,
    usual_port,
    usual_port_or_free,
)
from signtally.domain.counted import counted
from signtally.local.demo import EVENTS, REPORTS, TENANTS, Demo
from signtally.local.local_aws import DEFAULT_PORT, DEFAULT_TIMESTREAM_PORT, LocalAws
from signtally.local.processes import Supervisor
from signtally.local.stack import Stack


@click.command()
@port_option("--port", "SQS, S3 and SES", **usual_port(DEFAULT_PORT))
@port_option("--timestream-port", "Timestream", **usual_port(DEFAULT_TIMESTREAM_PORT))
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
@stack_options(usual_port)
@json_option
def up(*, options: StackOptions, as_json: bool) -> None:
    """Run everything in one terminal until Ctrl-C. That is local AWS, Prefect, its workers, the API and the page."""
    stack = options.stack(options.data)
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
@stack_options(usual_port_or_free)
@json_option
def demo(  # noqa: PLR0913 -- one parameter an option
    *, once: bool, events: int, tenants: int, output: Path, options: StackOptions, as_json: bool
) -> None:
    """Run everything with sample traffic and compare all figures. At the end it says where things are.

    The last line of the summary is one JSON object, with --json or without. State in --data is made anew.
    """
    del as_json  # it ends with JSON anyway
    began = time.monotonic()
    stack = options.stack(options.data / "demo", fresh=True)
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
    tenants = counted(summary["tenants"], "tenant")
    lines = [f"Every figure of {tenants} agrees with what was sent."]
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
