"""The output of commands: lines for a person, or with --json one JSON object as the last line of stdout."""

import datetime as dt
import errno
import json
import os
import re
from collections.abc import Callable, Mapping

import click
from pydantic import ValidationError

from signtally.errors import SigntallyError
from signtally.render.visible_text import JOINERS

EXPECTED_ERRORS: tuple[type[Exception], ...] = (
    SigntallyError,
    ValidationError,  # of a setting
)

_NOT_ASCII = re.compile(r"[^\x00-\x7e]")  # of the rest, JSON itself escapes what nobody sees
_RUST_NUMBER = re.compile(r"\(os error ([0-9]+)\)")  # Polars' errors have no other
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # met while writing: they name no file
_SETTINGS, _PREFIX = "Settings", "SIGNTALLY_"  # not imported: `--help` need not read any

json_option: Callable[[Callable[..., None]], Callable[..., None]] = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object as the last line."
)


def print_result(result: Mapping[str, object], *, as_json: bool, lines: Callable[[], list[str]] | None = None) -> None:
    """Print *result* as JSON, else *lines*; when those are not given, one `name: value` a line."""
    if as_json:
        text = json.dumps(result, ensure_ascii=False, default=_json_text)
        click.echo(_NOT_ASCII.sub(lambda found: found[0] if _is_shown(found[0]) else json.dumps(found[0])[1:-1], text))
        return
    for line in lines() if lines else [f"{name}: {_plain(value)}" for name, value in result.items()]:
        click.echo(printable(line))


def printable(line: str) -> str:
    """The line with a space for whatever moves a terminal's cursor or turns its text: customers give names."""
    return line if line.isprintable() else "".join(each if _is_shown(each) else " " for each in line)


def explain(error: Exception) -> str:
    """The message of an error; of a validation error, one line for each invalid field, without its value."""
    if isinstance(error, ValidationError):
        problems = []
        for found in error.errors(include_url=False, include_context=False):
            name, said = (
                ".".join(str(part) for part in found["loc"]) or "it",
                found["msg"].removeprefix("Value error, "),
            )
            if error.title == _SETTINGS:
                variable = f"{_PREFIX}{name}".upper()  # as whoever sets it calls it
                said = f"{variable}: {said.removeprefix(f'{variable}: ')}"
            problems.append(f"  {name}: {said}")
        return "\n".join([f"invalid {error.title}:", *problems])
    return str(error)


def explain_path(error: OSError) -> str | None:
    """What is wrong with a file or directory that somebody named, or with the disk; None for any other error."""
    if error.filename is not None:
        return f"{error.filename} cannot be used: {error.strerror}"
    of_polars = _RUST_NUMBER.search(str(error))
    number = int(of_polars[1]) if of_polars else error.errno
    if number not in _OF_THE_DISK:
        return None
    return f"what was to be written was not: {os.strerror(number)}. Make room there, then do the same again"


def _is_shown(character: str) -> bool:
    return character.isprintable() or character in JOINERS


def _json_text(value: object) -> str:
    """The JSON text of an instant or day in ISO 8601, of anything else as `str` gives it."""
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items()) or "none"
    return str(value)
