"""The command that brings past actions in."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.signals import interruptible
from signtally.domain.counted import counted
from signtally.history.opening import open_history, read_mapping
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.history import HistorySource
from signtally.saved_files import saving
from signtally.services import Services
from signtally.use_cases.importing import Imported, ImportProgress, forget_import, import_history, rejected_rows

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("source", metavar="FILE-OR-DSN")
@click.option("--mapping", "mapping_file", type=_FILE, help="TOML: which column is what; needed for a database.")
@click.option("--rejects", "rejects_file", type=_FILE, help="Where rejected rows go; NAME.rejects.jsonl otherwise.")
@click.option("--restart", is_flag=True, help="From the first row again, even if it is finished.")
@json_option
def import_(*, source: str, mapping_file: Path | None, rejects_file: Path | None, restart: bool, as_json: bool) -> None:
    """Import past actions from a file or a database. That is a CSV or Parquet file, or a query over PostgreSQL.

    FILE-OR-DSN is a path, an address such as postgresql://reader@db.example/portal, or env:NAME, which reads either
    from the variable NAME. An import that was broken off goes on where it was; the same rows again change no figure.
    """
    services, mapping = wiring.services(), read_mapping(mapping_file)
    history = open_history(source, mapping=mapping)
    with interruptible(), _going_on_later():
        if restart:
            forget_import(history, mapping=mapping, services=services)
        imported = import_history(history, mapping=mapping, services=services, on_progress=_report_progress)
    rejects = _write_rejects(imported, services, rejects_file or _rejects_file(history))
    result = {
        "source": history.name,
        **imported.outcome.as_dict(),
        "rejects": str(rejects) if rejects else None,
        "already_imported": imported.was_finished,
    }
    print_result(result, as_json=as_json, lines=lambda: _lines(imported))
    if rejects:
        were = counted(sum(imported.outcome.rejected.values()), "row was", "rows were")
        click.echo(f"WARNING: {were} rejected; {rejects} says which and why", err=True)


@contextlib.contextmanager
def _going_on_later() -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, ServiceUnavailableError):
        click.echo("broken off; the same command, without --restart, goes on where this one was", err=True)
        raise


def _report_progress(progress: ImportProgress) -> None:
    click.echo(str(progress), err=True)


def _rejects_file(history: HistorySource) -> Path:
    return Path(f"{Path(history.name).name}.rejects.jsonl")


def _write_rejects(imported: Imported, services: Services, path: Path) -> Path | None:
    """Whole or not at all; without rejected rows only a file of an earlier import is emptied."""
    if not imported.outcome.rejected and not path.exists():
        return None
    try:
        with saving(path) as file:
            file.writelines(rejected_rows(imported, services=services))
    except OSError as error:
        raise click.ClickException(
            f"the import is done, but {path} cannot be written: {error.strerror}; the same command with another "
            "--rejects FILE writes the rejected rows without importing anything again"
        ) from error
    return path if imported.outcome.rejected else None


def _lines(imported: Imported) -> list[str]:
    outcome, finished_at = imported.outcome, imported.state.finished_at
    lines = [f"{name}: {value}" for name, value in outcome.as_dict().items() if name != "rejected"]
    lines += [f"rejected, {reason}: {number}" for reason, number in outcome.rejected.items()]
    if imported.was_finished:
        lines.append(f"This was imported already, by {finished_at:%Y-%m-%d %H:%M} UTC; --restart imports it again.")
    else:
        lines.append("`signtally aggregate` counts the days that this touched; the flow does it by itself.")
    return lines
