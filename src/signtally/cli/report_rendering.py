"""The command that makes a report's files again from its JSON file, without any service."""

from pathlib import Path
from typing import BinaryIO

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.domain.reports import FORMATS, ordered_formats
from signtally.domain.snapshot import ControlTotalsError, ReportIdentity, UsageSnapshot
from signtally.render.files import Renderer
from signtally.render.json import NoReportError, read
from signtally.saved_files import save
from signtally.settings import Settings
from signtally.stores.keys import segment


@click.command(name="render")
@click.argument("file", type=click.File("rb"))
@click.option("--format", "formats", multiple=True, type=click.Choice(FORMATS), required=True, help="One or more.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Save the files in this directory; the current one unless given.",
)
@json_option
def render_reports(*, file: BinaryIO, formats: tuple[str, ...], output: Path, as_json: bool) -> None:
    """Make files of a report from FILE, its JSON file (- is stdin). They are the files of that very version.

    Needs no service: FILE contains all the figures. Each file may take as much time and memory as
    SIGNTALLY_RENDER_TIMEOUT and SIGNTALLY_RENDER_MEMORY allow.
    """
    snapshot, identity = read(file.read())
    _check(snapshot)
    output.mkdir(parents=True, exist_ok=True)
    renderer = wiring.render_processes(Settings()).render
    saved = [_saved(renderer, name, snapshot, identity, output=output) for name in ordered_formats(formats)]
    print_result(
        {"report_id": identity.report_id, "version": identity.version, "files": saved},
        as_json=as_json,
        lines=lambda: [f"{each['format']:<5} {each['path']}" for each in saved],
    )


def _check(snapshot: UsageSnapshot) -> None:
    """Raises NoReportError where figures contradict each other: somebody has edited them."""
    try:
        snapshot.check_control_totals()
    except ControlTotalsError as error:
        raise NoReportError(
            f"{error}. FILE was edited after it was made: download the report's JSON file again, or change its figures "
            "so that they agree"
        ) from None


def _saved(
    renderer: Renderer, name: str, snapshot: UsageSnapshot, identity: ReportIdentity, *, output: Path
) -> dict[str, object]:
    """Named as `signtally report -o` names it, so that the same file has the same name."""
    stem = f"{segment(snapshot.tenant.tenant_id)} {segment(identity.report_id)} v{identity.version}"
    path, body = output / f"{stem}.{name}", renderer(name, snapshot, identity).body
    save(path, body)
    return {"format": name, "path": str(path), "bytes": len(body)}
