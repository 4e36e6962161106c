"""The workbook in LibreOffice (`.ci/setup browser` installs it): it opens, calculates, and gets the same totals."""

import re
import subprocess
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from signtally.domain.tenants import TenantProfile
from signtally.render.files import render
from signtally.render.translation import LANGUAGES
from tests.support.report_samples import ACME, IDENTITY, nasty_snapshot
from tests.support.whole_reports import whole, whole_report
from tests.support.workbooks import ReadBook

_CACHED = re.compile(rb"</f><v>[^<]*</v>")


def test_libreoffice_calculates_the_totals_that_are_cached(tmp_path: Path) -> None:
    """In every language, and with names that nobody would like to see."""
    reports = {language: whole_report(tenant=_tenant(language)) for language in LANGUAGES}
    reports["nasty"] = whole(nasty_snapshot())
    bodies = {name: render("xlsx", report, IDENTITY).body for name, report in reports.items()}
    sources = {name: tmp_path / f"{name}.xlsx" for name in bodies}
    for name, source in sources.items():
        source.write_bytes(bodies[name])
        _forget_cached_values(source)
    converted = _converted(sources.values(), tmp_path / "out")
    for name, source in sources.items():
        _require_equal_totals(ReadBook((converted / source.name).read_bytes()), ReadBook(bodies[name]))


def _require_equal_totals(calculated: ReadBook, expected: ReadBook) -> None:
    assert calculated.shown.sheetnames == expected.shown.sheetnames
    for name, table in expected.tables.items():
        if table.totals is None:
            continue
        sheet = next(sheet for sheet in expected.shown if name in sheet.tables)
        last = calculated.shown[sheet.title].iter_rows(min_row=len(table.rows) + 2, values_only=True)
        for value, cached in zip(next(last), table.totals, strict=False):
            assert value == (pytest.approx(cached) if isinstance(cached, float) else cached), (sheet.title, name)


def _tenant(locale: str) -> TenantProfile:
    return ACME.model_copy(update={"locale": locale})


def _forget_cached_values(path: Path) -> None:
    """So that LibreOffice has to calculate them."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name, _CACHED.sub(b"</f>", part))


def _converted(sources: Iterable[Path], folder: Path) -> Path:
    """The folder with what LibreOffice makes of these files, in one start."""
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", str(folder)]
    subprocess.run([*command, *map(str, sources)], check=True, capture_output=True)
    return folder
