"""The workbook in LibreOffice (`.ci/setup browser` installs it): it opens, calculates, and gets the same totals."""

import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from signtally.domain.tenants import TenantProfile
from signtally.render.files import render
from tests.support.report_samples import ACME, IDENTITY, nasty_snapshot
from tests.support.whole_reports import whole, whole_report
from tests.support.workbooks import ReadBook

_CACHED = re.compile(rb"</f><v>[^<]*</v>")
_MOST_SECONDS = 120


@pytest.mark.parametrize("locale", ["en", "de", "ar"])
def test_libreoffice_calculates_the_totals_that_are_cached(locale: str, tmp_path: Path) -> None:
    report = whole(nasty_snapshot()) if locale == "en" else whole_report(tenant=_tenant(locale))
    body = render("xlsx", report, IDENTITY).body
    source = tmp_path / "report.xlsx"
    source.write_bytes(body)
    _forget_cached_values(source)
    calculated = ReadBook((_converted(source, tmp_path / "out")).read_bytes())
    expected = ReadBook(body)
    assert calculated.shown.sheetnames == expected.shown.sheetnames
    for name, table in expected.tables.items():
        if table.totals is None:
            continue
        sheet = next(sheet for sheet in expected.shown if name in sheet.tables)
        last = calculated.shown[sheet.title].iter_rows(min_row=len(table.rows) + 2, values_only=True)
        for value, cached in zip(next(last), table.totals, strict=False):
            assert value == (pytest.approx(cached) if isinstance(cached, float) else cached), name


def _tenant(locale: str) -> TenantProfile:
    return ACME.model_copy(update={"locale": locale})


def _forget_cached_values(path: Path) -> None:
    """So that LibreOffice has to calculate them."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name, _CACHED.sub(b"</f>", part))


def _converted(source: Path, folder: Path) -> Path:
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=_MOST_SECONDS)
    return folder / source.name
