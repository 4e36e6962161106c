"""The PDF, read back by pypdf."""

import base64
import dataclasses
import io
import re
import sys
from typing import Any

import pypdfium2
import pytest
from hypothesis import Phase, given, settings
from pypdf import PdfReader

from signtally.domain.actions import Counts
from signtally.domain.snapshot import ReportIdentity, UsageSnapshot
from signtally.domain.tenants import Branding, TenantProfile
from signtally.logos.profile_logos import with_png_logo
from signtally.render import pdf
from signtally.render.contents import Contents
from signtally.render.files import render, warm_up
from signtally.render.people import MOST_USERS_PRINTED, people_list
from signtally.render.progress import oldest_open
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
from tests.support.whole_reports import whole_report

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">{}</svg>'


def _reader(report: UsageSnapshot) -> PdfReader:
    return PdfReader(io.BytesIO(render("pdf", report, IDENTITY).body))


def _text(report: UsageSnapshot) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in _reader(report).pages))


def _branded(logo: str) -> TenantProfile:
    return ACME.model_copy(update={"branding": Branding(logo=logo)})


@given(snapshots(printable_rows, printable_tenants))
@settings(
    max_examples=examples(8), deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)  # shrinking takes minutes
def test_the_totals_of_any_snapshot_are_printed(report: UsageSnapshot) -> None:
    """In the table of measures, below the users, and as control totals, whatever the users are called."""
    formats = Contents(report).formats
    text = re.sub(r"\s", "", _text(report))
    shown = [re.sub(r"\s", "", formats.number(figure)) for figure in report.totals.as_tuple()]
    headings = [re.sub(r"\s", "", line.heading) for line in Contents(report).measures]
    total = Contents(report).words.gettext("Total")
    for heading, figure in zip(headings, shown, strict=True):
        assert f"{heading}{figure}" in text
    assert "·".join(f"{heading}{figure}" for heading, figure in zip(headings, shown, strict=True)) in text
    assert not any(report.totals.as_tuple()) or f"{total}{''.join(shown)}" in text


def test_names_are_printed_as_they_are_written() -> None:
    text = _text(nasty_snapshot())
    for name in ("<b>Ann</b>", "=1+1", "{{ 7 * 7 }}", "Анна Каренина", "山田 太郎", "NUL ␀ here", "half � pair"):
        assert name in text


def test_it_says_what_it_is() -> None:
    reader = _reader(snapshot((user(1),)))
    assert reader.metadata is not None
    assert reader.metadata.title == "Acme: usage for October 2026"
    assert reader.metadata.author == "Acme"
    assert str(reader.root_object["/Lang"]) == "en-GB"
    chapters: Any = reader.outline[1]
    assert [entry.title for entry in chapters] == [
        "Documents per day",
        "Totals",
        "Progress of documents",
        "Documents and hours",
        "Users",
        "Days",
        "About this report",
        "Definitions",
    ]
    text = _text(snapshot((user(1),)))
    for line in (
        "1–31 Oct 2026, 31 days",
        "Europe/Berlin (UTC+02:00, then UTC+01:00)",
        "Data through 1 Nov 2026, 09:05 UTC+01:00",
        "2026-10-3f2a91c07b1e, version 3",
        "Activity basis",
        "None (all users)",
        "1 user row, 31 day rows",
        "Success rate of closed",
    ):
        assert line in text


def test_a_long_list_names_what_it_leaves_out_and_still_adds_up() -> None:
    """The rest is one row; the control totals stand below it."""
    report = snapshot(tuple(user(number) for number in range(MOST_USERS_PRINTED + 50)))
    page = pdf.page(Contents(report), IDENTITY)
    figures = [
        [int(figure.replace(",", "")) for figure in re.findall(r"<td[^>]*>([\d,]+)</td>", row)]
        for row in re.findall(r"<tr[^>]*>.*?</tr>", page[page.index("<h2>Users") : page.index("<h2>Days")], re.DOTALL)
    ]
    *rows, total = [row for row in figures if row]
    assert len(rows) == MOST_USERS_PRINTED + 1
    assert [sum(column) for column in zip(*rows, strict=True)] == total == list(report.totals.as_tuple())
    assert "The 200 most active users of 250." in page
    assert "50 more users" in page


def test_users_are_compared_with_the_period_before_and_with_each_other() -> None:
    """As far as anything can be compared."""
    report = whole_report((user(2, "Ann"), user(3, "Ben")))
    assert [(each.change, each.share) for each in people_list(Contents(report)).people] == [
        ("+200%", "42.9%"),
        ("+100%", "57.1%"),
    ]
    page = pdf.page(Contents(report), IDENTITY)
    assert "<th>Change in sent</th><th>Share of sent</th>" in page
    began = dataclasses.replace(report, first_data_day=report.period.first)
    assert "<th>Expired</th><th>Share of sent</th>" in pdf.page(Contents(began), IDENTITY)


def test_senders_of_one_name_are_told_apart() -> None:
    report = whole_report((user(1, "Ann", "ann@acme.example"), user(2, "Ann"), user(3, "A" * 80), user(4, "A" * 90)))
    senders = {document.sender for document in oldest_open(Contents(report))}
    assert senders == {"Ann · ann@acme.example", "Ann · u_2", f"{'A' * 59}… · u_3", f"{'A' * 59}… · u_4"}
    alike = [f"{'a' * 150}{number}@acme.example" for number in range(2)]
    cut = whole_report((user(1, "B" * 80, alike[0]), user(2, "B" * 80, alike[1]), user(3, "B" * 80, alike[1])))
    shown = [document.sender for document in oldest_open(Contents(cut))]
    assert len(set(shown)) == 3, "emails differ at their ends, and two have one"
    arabic = whole_report((user(1, "علي", "0.ali@acme.example"), user(2, "علي")))
    assert oldest_open(Contents(arabic))[0].sender == "علي · \u20680.ali@acme.example\u2069", "not ali@acme.example.0"


def test_a_long_name_leaves_room_for_the_period_in_the_footer() -> None:
    """Ideographs are as wide as two letters: of October there was half."""
    tenant = ACME.model_copy(update={"name": "国立研究開発法人宇宙航空研究開発機構" * 8, "locale": "ja"})
    pages = PdfReader(io.BytesIO(render("pdf", whole_report(tenant=tenant), IDENTITY).body)).pages
    assert all("2026年10月の利用状況" in page.extract_text() for page in pages)


def test_names_are_copied_as_they_are_written_in_scripts_whose_signs_join() -> None:
    """A sign before its letter or below it is a glyph of its own, which by itself says nothing that can be read.

    Nor does the sign of a name that was cut say anything else: it once said the footer.
    """
    names = ("प्रियंका चतुर्वेदी शर्मा", "সৌরভ গঙ্গোপাধ্যায়", "ខ្មែរ ភាសា", "မြန်မာ ဘာသာ", "சுந்தர் பிச்சை", "Zo\u0308e\u0301")
    people = tuple(user(number, name) for number, name in enumerate((*names, "A" * 120)))
    document = pypdfium2.PdfDocument(render("pdf", snapshot(people), IDENTITY).body)
    found = "".join("".join(page.get_textpage().get_text_range().split()) for page in document)
    document.close()
    assert [name for name in names if "".join(name.split()) not in found] == []
    assert "AAA…" in found
    assert "AAA…Usage" not in found


def test_nothing_outside_the_page_is_fetched() -> None:
    """Nor what a logo refers to that no store would hand out: no file is read, no connection opened."""
    watched: list[tuple[str, object]] = []
    on = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if on and event in {"socket.connect", "socket.getaddrinfo", "open", "urllib.Request"}:
            watched.append((event, arguments[0]))

    sys.addaudithook(watch)
    for logo in (
        _data_uri(_SVG.format('<image href="file:///etc/hostname" width="9" height="9"/>')),
        _data_uri(_SVG.format('<image href="http://127.0.0.1:9/x.png" width="9" height="9"/>')),
        _data_uri(_SVG.format("<style>@import url(http://127.0.0.1:9/a.css)</style>")),
    ):
        render("pdf", snapshot((user(1),), tenant=_branded(logo)), IDENTITY)
    on = False
    strange = [entry for entry in watched if entry[0].startswith("socket") or "hostname" in str(entry[1])]
    asked = [entry for entry in watched if entry[0] == "urllib.Request" and not str(entry[1]).startswith("data:")]
    assert strange == asked == []


def test_what_nothing_draws_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An element that somebody adds to the template is never left out in silence."""
    page = pdf.page

    def with_aside(contents: Contents, identity: ReportIdentity) -> str:
        return page(contents, identity).replace("</header>", "<aside>News</aside></header>")

    monkeypatch.setattr(pdf, "page", with_aside)
    with pytest.raises(ValueError, match="<aside>"):
        render("pdf", snapshot(), IDENTITY)


@pytest.mark.parametrize("logo", ["data:image/png;base64,AAAA", "data:image/svg+xml;base64,AAAA"])
def test_a_broken_logo_does_not_cost_the_report(logo: str) -> None:
    assert "October 2026" in _text(snapshot((user(1),), tenant=_branded(logo)))


def test_a_logo_is_embedded() -> None:
    drawing = _data_uri(_SVG.format('<rect width="20" height="20"/>'))
    branded = _reader(snapshot((user(1),), tenant=with_png_logo(_branded(drawing))))
    assert len(branded.pages[0].images) == 1
    assert len(_reader(snapshot((user(1),))).pages[0].images) == 0


def test_equal_reports_are_equal_bytes() -> None:
    """A retried run stores the same file again."""
    assert render("pdf", nasty_snapshot(), IDENTITY) == render("pdf", nasty_snapshot(), IDENTITY)


def test_an_empty_period_is_a_report_too() -> None:
    text = _text(snapshot(data_through=None, previous_totals=Counts()))
    assert "No data received yet" in text
    assert "No user activity in this period." in text
    assert "Completion rate —" in text


def test_a_period_that_is_over_but_not_all_in_says_so() -> None:
    report = snapshot((user(1),))
    early = dataclasses.replace(report, data_through=report.taken_at.replace(month=10))
    assert "Not final" in _text(early)
    assert "Not final" not in _text(report)


def test_warming_up_needs_nothing() -> None:
    warm_up()


def _data_uri(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
