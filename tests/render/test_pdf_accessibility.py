"""PDF/UA-1 as three checkers see it that know nothing of this project, and what they cannot see."""

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import outloud
import page
import pdfua
import pytest
from pypdf import PdfReader

from signtally.domain.actions import Action
from signtally.domain.definitions import HEADINGS
from signtally.render.files import render
from signtally.render.locale_data import own_locale
from signtally.render.translation import LANGUAGES, Translation
from tests.support.report_samples import ACME, IDENTITY, snapshot, user

# Why each of these is no failure: docs/decisions/0030-tables-drawn-by-us.md.
_CONSIDERED = frozenset({"LNK-010"})
_CONSIDERED_IN_JAPANESE = _CONSIDERED | {"FIG-012"}
_OTHER_HEADS = ("User", "Change in sent", "Share of sent", "Completion rate", "Median turnaround", "Last activity")
_USERS = tuple(user(number, f"Person {number}", f"person{number}@acme.example") for number in range(42))
_MANY = dict.fromkeys(("received", "declined", "cancelled", "expired"), 1_234_567)
_BUSY_USERS = tuple(dataclasses.replace(one, counts=dataclasses.replace(one.counts, **_MANY)) for one in _USERS)


@pytest.fixture(scope="module", params=LANGUAGES)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several pages in one language, as a file; the users are in landscape in English."""
    tenant = ACME.model_copy(update={"locale": request.param})
    users = _BUSY_USERS if request.param == "en" else _USERS
    path = tmp_path_factory.mktemp("pdf") / f"{request.param}.pdf"
    path.write_bytes(render("pdf", snapshot(users, tenant=tenant), IDENTITY).body)
    return path


def test_page_validation_finds_no_failure(report: Path) -> None:
    found = page.validate_pdf(report, profile="ua1")
    assert [(failure.rule_id, failure.message) for failure in found.failures] == []
    assert found.is_compliant


def test_outloud_finds_nothing_that_was_not_considered(report: Path) -> None:
    result = outloud.check(str(report))
    assert not result.error
    considered = _CONSIDERED_IN_JAPANESE if report.stem == "ja" else _CONSIDERED
    found = [finding for finding in result.findings if finding.rule not in considered]
    assert [finding for finding in found if not _is_a_repeated_head(finding, report.stem)] == []


def _is_a_repeated_head(finding: Any, language: str) -> bool:
    """Whether it is about the head of a table that is shown again on its next page, hyphenated."""
    words = Translation.of(own_locale(language))
    shown = (*(HEADINGS[action] for action in Action), *_OTHER_HEADS)
    heads = "".join(map(words.gettext, shown)).replace(" ", "")
    pieces = str(finding.evidence).rstrip("…").replace(";", " ").split()
    return bool(finding.rule == "TAG-002" and all(piece.rstrip("-") in heads for piece in pieces))


def test_pdfua_finds_nothing(report: Path) -> None:
    assert list(pdfua.validate(str(report)).findings) == []


def test_a_table_over_several_pages_is_one_table_with_one_head(report: Path) -> None:
    tables = [element for element in _elements(report) if element["/S"] == "/Table"]
    users = max(tables, key=lambda table: len(table["/K"][1].get_object()["/K"]))
    head, body = (kid.get_object()["/K"] for kid in users["/K"])
    assert len(head) == 1
    assert len(body) == len(_USERS) + 1
    scopes = {cell.get_object()["/A"]["/Scope"] for cell in head[0].get_object()["/K"]}
    assert scopes == {"/Column"}
    pages = {row.get_object()["/Pg"].indirect_reference.idnum: row.get_object()["/Pg"] for row in body}
    assert len(pages) > 1
    in_landscape = {page["/MediaBox"][2] > page["/MediaBox"][3] for page in pages.values()}
    assert in_landscape == {report.stem == "en"}


def _elements(path: Path) -> Iterator[Any]:
    """Every element of the structure tree, in reading order; pypdf does not say of what type its objects are."""
    root: Any = PdfReader(io.BytesIO(path.read_bytes())).root_object["/StructTreeRoot"].get_object()
    waiting = [root["/K"][0].get_object()]
    while waiting:
        element = waiting.pop()
        yield element
        kids = [kid.get_object() for kid in element.get("/K", ())]
        waiting += [kid for kid in reversed(kids) if isinstance(kid, dict) and "/S" in kid]
