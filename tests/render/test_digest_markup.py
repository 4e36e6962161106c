"""The digest email as mail programs show it: on a phone, in the dark, in Outlook, and without loading anything."""

import base64
import dataclasses
import datetime as dt
import io
import re
import time

import pytest
from PIL import Image

from signtally.domain.actions import Counts
from signtally.domain.periods import period_between
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.tenants import Branding
from signtally.render.email_picture import standing_alone
from tests.support.digest_emails import LINKS, UNSUBSCRIBE, Markup, digest, part_of
from tests.support.report_samples import ACME, nasty_snapshot, restated, snapshot, user
from tests.support.whole_reports import whole_report

_PICTURE = io.BytesIO()
Image.new("RGBA", (360, 120), "#2456C5").save(_PICTURE, format="PNG")
_PNG = f"data:image/png;base64,{base64.b64encode(_PICTURE.getvalue()).decode()}"


def test_a_document_has_its_sender_below_it_so_that_a_phone_has_room_for_its_id() -> None:
    page = part_of(digest(whole_report()), "html")
    table = page[page.index("Oldest open documents") :]
    assert re.search(r"<bdi>doc_\d+</bdi><br><span[^>]*><bdi>Ann \d</bdi></span></td>\s*<td[^>]*>40</td>", table)


def test_counts_of_senders_stand_apart_from_names_and_from_each_other_on_a_phone() -> None:
    """Eight digits filled their column: they ran into the name before them, and in Arabic into each other."""
    for locale, side in (("en", "left"), ("ar", "right")):
        people = tuple(user(number, counts=Counts(sent=12_345_678, completed=12_345_679)) for number in range(3))
        report = snapshot(people, tenant=ACME.model_copy(update={"locale": locale}))
        counts = {"12,345,678", "12,345,679"}
        cells = [style for text, style in Markup(part_of(digest(report), "html")).texts if text in counts]
        assert len(cells) == 2 * len(people)
        assert all(f"padding-{side}:8px" in style for style in cells)


def test_an_endless_word_makes_it_no_wider_than_a_phone() -> None:
    """The line at the end names the tenant too: 200 letters made the email 1,371 pixels wide where there were 390."""
    tenant = ACME.model_copy(update={"name": "W" * 200})
    people = tuple(user(number, f"{number}{'W' * 200}", f"{'w' * 200}@acme.example") for number in range(5))
    markup = Markup(part_of(digest(whole_report(people, tenant=tenant)), "html"))
    endless = [styles for text, styles in markup.texts if re.search(r"\S{40}", text)]
    shown = [styles for styles in endless if "font-family" in styles]
    assert len(shown) == len(endless) - 1 > 7  # the title is not shown
    assert [styles for styles in shown if "overflow-wrap:anywhere" not in styles] == []


def test_a_name_is_never_markup() -> None:
    page = Markup(part_of(digest(nasty_snapshot(), name="<script>alert(1)</script>"), "html"))
    assert not {"script", "b", "link", "iframe"} & set(page.tags)
    assert page.tags.count("img") == 1  # the chart
    assert "<script>alert(1)</script>" in page.text


def test_nothing_is_loaded_from_elsewhere() -> None:
    """Every address is one of the links, or a picture within the message: the logo that stores keep, and the chart."""
    links = {*LINKS.values(), "https://app.example/", UNSUBSCRIBE}
    chart = "cid:chart@usage-reports"
    for logo, sources in ((_PNG, ["cid:logo@usage-reports", chart]), ("data:image/png;base64,AAAA", [chart])):
        message = digest(_with_logo(logo))
        page = part_of(message, "html")
        assert set(Markup(page).addresses) == links | set(sources)
        assert "url(" not in page
        assert "@import" not in page
        pictures = [part for part in message.walk() if part.get_content_maintype() == "image"]
        assert [(part["Content-ID"], part.get_content_disposition()) for part in pictures] == [
            (f"<{each.removeprefix('cid:')}>", "inline") for each in sources
        ]


def test_a_logo_is_as_large_as_there_is_room_for_and_shown_where_the_email_is_previewed() -> None:
    message = digest(_with_logo(_PNG))
    page = standing_alone(message)
    assert "cid:" not in page
    assert f'src="{_PNG}" width="132" height="44"' in page
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "multipart/related"]


def _with_logo(logo: str | None) -> UsageSnapshot:
    return snapshot((user(1),), tenant=ACME.model_copy(update={"branding": Branding(logo=logo)}))


def test_a_dark_screen_gets_dark_colours_of_every_kind_that_the_page_has() -> None:
    page = part_of(digest(whole_report()), "html")
    style = page.partition("(prefers-color-scheme: dark)")[2].partition("</style>")[0]
    ruled = set(re.findall(r"\.([a-z-]+) \{", style))
    sized = {"outer", "pad", "card", "button"}
    assert {name for names in re.findall(r'class="([^"]*)"', page) for name in names.split()} - sized <= ruled
    unclassed = re.findall(r"<(?!a |body)\w+(?![^>]*class=)[^>]*(?<!-)color:#", page)
    assert not unclassed


def test_outlook_for_windows_which_lays_out_as_word_does_has_its_width_and_room_in_its_buttons() -> None:
    """By the rules for it: no Outlook is here. It reads what stands in `[if mso]`; others take that for a comment."""
    page = part_of(digest(whole_report()), "html").partition("</head>")[2].partition("</html>")[0]
    word = re.sub(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", r"\1", page, flags=re.DOTALL)
    assert Markup(word).text.replace("\N{ZERO WIDTH SPACE}", "").split() == Markup(page).text.split()
    assert "<!--" not in word
    assert word.index('width="600"') < word.index("max-width:600px")  # which it does not know
    buttons = re.findall(r'<a class="button.*?</a>', word)
    assert [button.count("&emsp;") for button in buttons] == [2] * len(LINKS)  # nor padding of a link
    assert not re.findall(
        r"(?:display:\s*(?:flex|grid)|position:|float:|background-image|<svg|<div(?![^>]*mso-hide))", word
    )
    assert all("width=" in image for image in re.findall(r"<img[^>]*>", word))


@pytest.mark.parametrize("filling", ["=?utf-8?q?x?=", "\u202e", "a\u0301\u0337", "ﷺ", "%(x)s{{"])
def test_nothing_that_a_tenant_chooses_makes_it_slow_or_long(filling: str) -> None:
    """It is written outside the rendering processes: whatever is in the figures, it takes a part of a second."""
    decade = period_between(dt.date(2016, 11, 1), dt.date(2026, 10, 31))
    people = tuple(user(number, (filling * 2000)[:2000], (filling * 250)[:250]) for number in range(500))
    tenant = ACME.model_copy(update={"name": (filling * 200)[:200], "tenant_id": (filling * 256)[:256], "locale": "ar"})
    report = dataclasses.replace(
        whole_report(people, period=decade, tenant=tenant), restated=restated(decade, days=decade.day_count)
    )
    began = time.process_time()
    message = digest(report, name="s" * 64)
    assert time.process_time() - began < 0.5
    assert len(message.as_bytes()) < 250_000


def test_it_stays_below_what_gmail_shows_whole() -> None:
    """Gmail cuts a message off after 102 kB."""
    wire = base64.b64encode(part_of(digest(nasty_snapshot()), "html").encode())
    assert len(wire) < 102_000
