"""What a command prints: lines for a person, or with --json one JSON object as the last line."""

import datetime as dt
import json
from collections.abc import Callable, Mapping

import click
from pydantic import ValidationError

from signtally.errors import SigntallyError

EXPECTED_ERRORS: tuple[type[Exception], ...] = (
    SigntallyError,
    ValidationError,  # of a setting
)

json_option: Callable[[Callable[..., None]], Callable[..., None]] = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object as the last line."
)


def answer(result: Mapping[str, object], *, as_json: bool, lines: Callable[[], list[str]] | None = None) -> None:
    """Print *result* as JSON, or else *lines*; without lines, one `name: value` a line."""
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, default=_json_text))
        return
    for line in lines() if lines else [f"{name}: {_plain(value)}" for name, value in result.items()]:
        click.echo(line)


def explain(error: Exception) -> str:
    """The sentence for a person; of a validation error, one line a field."""
    if isinstance(error, ValidationError):
        problems = [
            f"  {'.'.join(str(part) for part in found['loc']) or 'it'}: {found['msg'].removeprefix('Value error, ')}"
            for found in error.errors(include_url=False, include_context=False)
        ]
        return "\n".join([f"invalid {error.title}:", *problems])
    return str(error)


def _json_text(value: object) -> str:
    """Instants and days in ISO 8601, anything else as it prints."""
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items()) or "none"
    return str(value)
