"""The command that makes one report."""

from pathlib import Path

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.parameters import ID
from signtally.domain.basis import Basis
from signtally.domain.periods import parse_period
from signtally.domain.reports import FORMATS, ReportManifest, ReportRequest, ordered_formats
from signtally.saved_files import save
from signtally.services import Services
from signtally.stores.keys import segment
from signtally.use_cases import reporting


@click.command()
@click.option("--tenant", "tenant_id", type=ID, required=True, help="The tenant's id.")
@click.option("--period", required=True, help="2026-10-03, 2026-W41, 2026-10, 2026-Q4 or 2026.")
@click.option(
    "--format", "formats", multiple=True, type=click.Choice(FORMATS), help="One or more; all when none is given."
)
@click.option(
    "--basis",
    type=click.Choice([*map(str, Basis)]),
    default=str(Basis.ACTIVITY),
    show_default=True,
    help="activity: each event on its own date; cohort: documents sent in the period, followed to their outcome.",
)
@click.option("--all-users", is_flag=True, help="Print every user in the PDF, not the most active ones alone.")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Also save the files in this directory."
)
@json_option
def report(  # noqa: PLR0913 -- one an option
    *,
    tenant_id: str,
    period: str,
    formats: tuple[str, ...],
    basis: str,
    all_users: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Make one report and print its id, version and signed URLs.

    When this very report exists and its figures have not changed since, that version is given again.
    """
    services = wiring.services()
    tenant = services.stores.tenants.get(tenant_id)
    request = ReportRequest(
        tenant_id=tenant_id,
        period=parse_period(period, week_starts_on=tenant.first_weekday),
        formats=ordered_formats(formats or FORMATS),
        basis=Basis(basis),
        all_users=all_users,
    )
    manifest = reporting.report_now(request, requested_by="operator", services=services)
    files = _files(manifest, output=output, services=services)
    print_result(
        {"report_id": manifest.key.report_id, "version": manifest.key.version, "files": files},
        as_json=as_json,
        lines=lambda: [
            f"{manifest.key.report_id}, version {manifest.key.version}",
            *(f"{file['format']:<5} {file['path'] or file['url']}" for file in files),
        ],
    )


def _file_name(manifest: ReportManifest) -> str:
    """Names tenant, report and version, so that no file ever replaces another's."""
    return f"{segment(manifest.key.tenant_id)} {manifest.key.report_id} v{manifest.key.version}"


def _files(manifest: ReportManifest, *, output: Path | None, services: Services) -> list[dict[str, object]]:
    files: list[dict[str, object]] = []
    for file in manifest.files:
        url, expires_at = reporting.file_link(manifest, file.format, services=services)
        path = None
        if output is not None:
            path = output / f"{_file_name(manifest)}.{file.format}"
            save(path, services.objects.get(file.key).body)
        files.append(
            {
                "format": file.format,
                "url": url,
                "path": None if path is None else str(path),
                "expires_at": expires_at.isoformat(),
                "bytes": file.size_bytes,
                "sha256": file.sha256,
            }
        )
    return files
