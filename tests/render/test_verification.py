"""Each finished file is read again: what is right passes in every language, what is not is named."""

import dataclasses
import functools
import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from pypdf import PdfReader, PdfWriter

from signtally.domain.actions import Counts
from signtally.domain.reports import FORMATS
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.files import render
from signtally.render.translation import LANGUAGES
from signtally.render.verification import WrongFileError, verify
from tests.support.examples import examples
from tests.support.report_samples import (
    ACME,
    IDENTITY,
    nasty_snapshot,
    printable_rows,
    printable_tenants,
    snapshot,
    snapshots,
    user,
)
from tests.support.whole_reports import filtered_report, whole_report

REPORT = whole_report()


@functools.cache
def body_of(format_: str) -> bytes:
    """The file of REPORT: made by the first test that asks, and not by each worker that only collects tests."""
    return render(format_, REPORT, IDENTITY).body


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("language", [*LANGUAGES, "fa", "hi", "bn", "de-CH", "fr-CA"])
def test_what_is_right_passes_in_every_language(format_: str, language: str) -> None:
    tenant = ACME.model_copy(update={"locale": language, "name": "محمد عبد الله 山田"})
    big = dataclasses.replace(user(1), counts=Counts(sent=1_234_567, received=98_765_432, signed=1_000))
    for report in (whole_report((big,), tenant=tenant), snapshot(tenant=tenant)):
        verify(format_, render(format_, report, IDENTITY).body, report, IDENTITY)


@pytest.mark.parametrize("format_", FORMATS)
def test_filtered_and_nasty_reports_pass(format_: str) -> None:
    for report in (filtered_report(), nasty_snapshot()):
        verify(format_, render(format_, report, IDENTITY).body, report, IDENTITY)


@settings(max_examples=examples(5, soak=100), deadline=None)
@given(snapshots(printable_rows, printable_tenants))
def test_whatever_a_report_says_passes(report: UsageSnapshot) -> None:
    for format_ in FORMATS:
        verify(format_, render(format_, report, IDENTITY).body, report, IDENTITY)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_of_other_figures_or_another_report_is_refused(format_: str) -> None:
    other = whole_report((dataclasses.replace(user(1), counts=Counts(sent=1_234_567)),))
    with pytest.raises(WrongFileError, match=f"the {format_} file of {IDENTITY.report_id} is wrong"):
        verify(format_, body_of(format_), other, IDENTITY)
    with pytest.raises(WrongFileError, match=r"is wrong: (the report|reports)"):
        verify(format_, body_of(format_), REPORT, dataclasses.replace(IDENTITY, report_id="2026-09-0000000000aa"))


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("cut", [0, 100, 0.5, 0.98])
def test_a_file_that_is_cut_off_is_refused(format_: str, cut: float) -> None:
    body = body_of(format_)
    with pytest.raises(WrongFileError):
        verify(format_, body[: int(cut if cut > 1 else len(body) * cut)], REPORT, IDENTITY)


def test_a_blank_page_is_refused() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(body_of("pdf"))))
    writer.add_blank_page()
    body = io.BytesIO()
    writer.write(body)
    with pytest.raises(WrongFileError, match=r"1 of [0-9]+ pages are blank"):
        verify("pdf", body.getvalue(), REPORT, IDENTITY)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda xml: xml.replace(b"<v>", b"<v>9", 40), "sums of|totals of|rows of"),
        (lambda xml: xml[:-40], "cannot be read again"),
    ],
)
def test_a_changed_sheet_is_refused(change: Callable[[bytes], bytes], wrong: str) -> None:
    archive = zipfile.ZipFile(io.BytesIO(body_of("xlsx")))
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as changed:
        for name in archive.namelist():
            part = archive.read(name)
            changed.writestr(name, change(part) if b",Users[" in part and "/sheet" in name else part)
    with pytest.raises(WrongFileError, match=wrong):
        verify("xlsx", body.getvalue(), REPORT, IDENTITY)
