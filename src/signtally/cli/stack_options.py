"""The options of commands that start servers on this machine; not in the production wheel."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from signtally.cli.parameters import PORT
from signtally.local.local_aws import DEFAULT_PORT, DEFAULT_TIMESTREAM_PORT, LocalAws
from signtally.local.local_postgresql import DEFAULT_POSTGRESQL_PORT, LocalPostgresql
from signtally.local.stack import Stack
from signtally.loopback import free_port

DEFAULT_API_PORT, DEFAULT_PREFECT_PORT = 8000, 4200
_DATA = Path(".signtally/data")
_Command = Callable[..., None]
_Decorator = Callable[[_Command], _Command]
_TIMESTREAM, _POSTGRESQL = "timestream", "postgresql"
data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=_DATA,
    show_default=True,
    help="Where state is kept between runs.",
)
_store_option = click.option(
    "--store",
    type=click.Choice([_TIMESTREAM, _POSTGRESQL]),
    default=_TIMESTREAM,
    show_default=True,
    help="Where usage is kept: the local Timestream, or a PostgreSQL server of its own.",
)


@dataclasses.dataclass(frozen=True, slots=True)
class StackOptions:
    """What `up` and `demo` ask of the stack that they start: its ports, its usage store and where state is kept."""

    port: int
    timestream_port: int
    api_port: int
    prefect_port: int
    postgresql_port: int
    store: str
    data: Path

    def stack(self, data: Path, *, fresh: bool = False) -> Stack:
        """With its state in *data*; a *fresh* one begins without any."""
        aws = LocalAws(self.port, self.timestream_port, data.absolute())
        own_server = LocalPostgresql(self.postgresql_port, aws.data / "postgresql")
        server = own_server if self.store == _POSTGRESQL else None
        return Stack(aws, self.api_port, self.prefect_port, server, fresh=fresh)


def usual_port(usual: int) -> dict[str, Any]:
    return {"default": usual, "show_default": True}


def usual_port_or_free(usual: int) -> dict[str, Any]:
    """A free port where another program listens on the usual one."""
    return {"default": lambda: free_port(usual), "show_default": f"{usual}, or a free one"}


def stack_options(port: Callable[[int], dict[str, Any]]) -> _Decorator:
    """The options of StackOptions, which the command gets as its parameter *options*; *port* makes each default."""

    def decorate(command: _Command) -> _Command:
        @functools.wraps(command)
        def with_options(**parameters: Any) -> None:  # noqa: ANN401 -- whatever the command takes
            own = {field.name: parameters.pop(field.name) for field in dataclasses.fields(StackOptions)}
            command(options=StackOptions(**own), **parameters)

        complete: _Command = with_options
        options: list[_Decorator] = [*_port_options(port), _store_option, data_option]
        for option in reversed(options):
            complete = option(complete)
        return complete

    return decorate


def _port_options(port: Callable[[int], dict[str, Any]]) -> list[_Decorator]:
    return [
        port_option(name, of, **port(usual))
        for name, usual, of in (
            ("--port", DEFAULT_PORT, "SQS, S3 and SES"),
            ("--timestream-port", DEFAULT_TIMESTREAM_PORT, "Timestream"),
            ("--api-port", DEFAULT_API_PORT, "the API and the page"),
            ("--prefect-port", DEFAULT_PREFECT_PORT, "Prefect's API and UI"),
            ("--postgresql-port", DEFAULT_POSTGRESQL_PORT, "PostgreSQL, with --store postgresql"),
        )
    ]


def port_option(name: str, of: str, **default: Any) -> _Decorator:  # noqa: ANN401 -- as click has it
    return click.option(name, type=PORT, help=f"Port of {of}.", **default)
