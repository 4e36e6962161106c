"""The digest email: what it says, and what nobody can make it say."""

import base64
import dataclasses
import datetime as dt
import io
import re
import time
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from html.parser import HTMLParser

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from signtally.domain.actions import Counts
from signtally.domain.conditions import AllowanceUsed, CompletionRateFell, Condition, NothingSent
from signtally.domain.periods import parse_period, period_between
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.tenants import Branding, Recipient
from signtally.render.contents import Contents
from signtally.render.email import DigestContext, digest_message
from signtally.render.email_headers import POLICY, header_text
from signtally.render.email_picture import standing_alone
from tests.support.examples import examples
from tests.support.report_samples import ACME, nasty_snapshot, restated, snapshot, snapshots, user
from tests.support.whole_reports import whole_report

_LINKS = {name: f"https://api.example/v1/reports/r1/files/{name}" for name in ("pdf", "xlsx", "csv")}
_PICTURE = io.BytesIO()
Image.new("RGBA", (360, 120), "#2456C5").save(_PICTURE, format="PNG")
_PNG = f"data:image/png;base64,{base64.b64encode(_PICTURE.getvalue()).decode()}"
_UNSUBSCRIBE = "https://api.example/v1/unsubscribe?t=" + "abcDEF012_-." * 30
_HEADERS = {
    "Subject",
    "From",
    "To",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
}


def _digest(
    report: UsageSnapshot,
    *,
    name: str = "Monthly",
    sender: str = "Signtally <r@signtally.example>",
    reply_to: str | None = "support@portal.example",
    condition: Condition | None = None,
) -> EmailMessage:
    """As it arrives: serialised for the wire and parsed again."""
    message = digest_message(
        report,
        context=DigestContext(
            schedule_name=name,
            sender=sender,
            reply_to=reply_to,
            links=_LINKS,
            page_url="https://app.example/",
            condition=condition,
        ),
        recipient=Recipient(email="ann@acme.example"),
        unsubscribe_url=_UNSUBSCRIBE,
    )
    wire = message.as_bytes()
    assert wire.isascii(), "SES takes seven bits"
    assert max(map(len, wire.split(b"\r\n"))) <= 998, "RFC 5322's longest line"
    arrived = message_from_bytes(wire, policy=policy.default)
    assert isinstance(arrived, EmailMessage)
    return arrived


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content())


class _Markup(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.texts: list[tuple[str, str]] = []  # with the styles of all that it stands in
        self._open: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src", "background"}]
        if tag not in {"br", "img", "meta"}:
            self._open.append((tag, dict(attrs).get("style") or ""))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        self.texts.append((data, " ".join(style for _, style in self._open)))


def test_a_document_has_its_sender_below_it_so_that_a_phone_has_room_for_its_id() -> None:
    page = _part(_digest(whole_report()), "html")
    table = page[page.index("Oldest open documents") :]
    assert re.search(r"<bdi>doc_\d+</bdi><br><span[^>]*><bdi>Ann \d</bdi></span></td>\s*<td[^>]*>40</td>", table)


def test_counts_of_senders_stand_apart_from_names_and_from_each_other_on_a_phone() -> None:
    """Eight digits filled their column: they ran into the name before them, and in Arabic into each other."""
    for locale, side in (("en", "left"), ("ar", "right")):
        people = tuple(user(number, counts=Counts(sent=12_345_678, completed=12_345_679)) for number in range(3))
        report = snapshot(people, tenant=ACME.model_copy(update={"locale": locale}))
        counts = {"12,345,678", "12,345,679"}
        cells = [style for text, style in _Markup(_part(_digest(report), "html")).texts if text in counts]
        assert len(cells) == 2 * len(people)
        assert all(f"padding-{side}:8px" in style for style in cells)


def test_an_endless_word_makes_it_no_wider_than_a_phone() -> None:
    """The line at the end names the tenant too: 200 letters made the email 1,371 pixels wide where there were 390."""
    tenant = ACME.model_copy(update={"name": "W" * 200})
    people = tuple(user(number, f"{number}{'W' * 200}", f"{'w' * 200}@acme.example") for number in range(5))
    markup = _Markup(_part(_digest(whole_report(people, tenant=tenant)), "html"))
    endless = [styles for text, styles in markup.texts if re.search(r"\S{40}", text)]
    shown = [styles for styles in endless if "font-family" in styles]
    assert len(shown) == len(endless) - 1 > 7  # the title is not shown
    assert [styles for styles in shown if "overflow-wrap:anywhere" not in styles] == []


def test_a_period_without_activity_has_no_empty_cards_and_charts() -> None:
    message = _digest(snapshot())
    for part in ("plain", "html"):
        text = _part(message, part)
        assert "No user activity in this period." in text
        assert "Completion rate" not in text
        assert "Busiest hour" not in text
        assert "Compared with September 2026" in text
    assert "Documents per day" not in _part(message, "html")


def test_ids_that_differ_in_their_end_stay_apart() -> None:
    documents = whole_report().documents.with_columns(document_id=pl.format("{}{}", pl.lit("d" * 200), "document_id"))
    page = _part(_digest(dataclasses.replace(whole_report(), documents=documents)), "html")
    shown = re.findall(r"<bdi>(d+….*?)</bdi>", page)
    assert len(set(shown)) == len(shown) == 5
    assert {len(text) for text in shown} == {60}


def test_its_headers_say_who_when_and_that_a_machine_wrote_it() -> None:
    message = _digest(snapshot((user(1, counts=Counts(sent=1234)),)))
    assert message["Subject"] == "Acme: usage for October 2026 — 1,234 documents sent"
    assert message["From"] == "Signtally <r@signtally.example>"
    assert message["To"] == "ann@acme.example"
    assert message["Date"] == "Sun, 01 Nov 2026 08:12:02 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "multipart/related"]


def test_the_same_digest_has_the_same_message_id_and_another_persons_another() -> None:
    one, again = _digest(snapshot()), _digest(snapshot())
    assert one["Message-ID"] == again["Message-ID"]
    assert one["Message-ID"] != _digest(snapshot(), name="Weekly")["Message-ID"]


@given(snapshots())
@settings(max_examples=examples(30), deadline=None)
def test_both_parts_carry_the_snapshots_totals(report: UsageSnapshot) -> None:
    message, contents = _digest(report), Contents(report)
    for text in (_part(message, "plain"), _Markup(_part(message, "html")).text):
        for line in contents.measures:
            figures = rf"{line.heading}\s+{re.escape(contents.formats.number(line.now))}\s"
            assert re.search(figures, text), line
        assert contents.freshness in text


@given(st.text(st.characters(), min_size=1, max_size=80), st.text(st.characters(), max_size=40))
@settings(max_examples=examples(60), deadline=None)
def test_no_name_adds_a_header(tenant_name: str, schedule_name: str) -> None:
    """Whatever stands in a profile stays inside the subject."""
    tenant = ACME.model_copy(update={"name": f"{tenant_name}\r\nBcc: eve@evil.example\u2028X: y"})
    message = _digest(snapshot(tenant=tenant), name=f"{schedule_name}\r\nX-Evil: yes")
    assert set(message.keys()) == _HEADERS
    assert message["To"] == "ann@acme.example"


@settings(max_examples=examples(80))
@given(st.lists(st.sampled_from(("Acme", "Zoë", "—", "2026", "ü" * 50, "山田", "A" * 90, "p.m.)")), max_size=20))
def test_a_subject_arrives_as_it_was_written(words: list[str]) -> None:
    """No line ends where a client then shows two spaces, or none."""
    text = " ".join(words)
    message = EmailMessage(policy=POLICY)
    message["Subject"] = header_text(text)
    wire = message.as_bytes()
    assert max(map(len, wire.split(b"\r\n"))) <= 76
    assert message_from_bytes(wire, policy=policy.default)["Subject"] == text
    assert str(make_header(decode_header(message_from_bytes(wire)["Subject"].replace("\r\n", "")))) == text


@pytest.mark.parametrize(
    "hostile", ["=?utf-8?q?Acme=0D=0ABcc:_victim@evil.test?=", "=?utf-8?b?QQ0KQmNjOiB2QGV2aWwudGVzdA0KDQo8aDE+?="]
)
def test_a_name_that_looks_encoded_stays_as_it_is(hostile: str) -> None:
    """Old patches of Python decode it while the header is set, and take its line breaks for the header's own."""
    report = snapshot(tenant=ACME.model_copy(update={"name": hostile}))
    message = _digest(report, sender=f"{hostile} <r@signtally.example>")
    assert set(message.keys()) == _HEADERS
    assert "= ?utf-8?" in message["Subject"]
    assert message["From"].addresses[0].addr_spec == "r@signtally.example"


def test_it_can_be_ended_by_one_click_and_answered() -> None:
    message = _digest(snapshot())
    assert message["List-Unsubscribe"] == f"<{_UNSUBSCRIBE}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Reply-To"] == "support@portal.example"
    assert _digest(snapshot(), reply_to=None)["Reply-To"] == "r@signtally.example"
    assert re.fullmatch(r"<[0-9a-f]{16}\.usage-reports\.signtally\.example>", message["List-Id"])
    other = _digest(snapshot(tenant=ACME.model_copy(update={"tenant_id": "bolt"})))
    assert message["List-Id"] != other["List-Id"]
    assert message["Feedback-ID"].endswith(":digest:signtally")
    assert f'href="{_UNSUBSCRIBE}"' in _part(message, "html")
    assert f"Unsubscribe: {_UNSUBSCRIBE}" in _part(message, "plain").splitlines()


@pytest.mark.parametrize(
    ("locale", "link", "restatement"),
    [
        ("fr", "CSV\N{NO-BREAK SPACE}: ", "- 1 oct. 2026\N{NO-BREAK SPACE}: envoyés 41 → 43 (événements tardifs)"),
        ("ja", "CSV： ", "- 2026年10月1日：送信 41 → 43（遅れて届いたイベント）"),
    ],
)
def test_its_text_is_punctuated_as_the_language_does(locale: str, link: str, restatement: str) -> None:
    report = snapshot(tenant=ACME.model_copy(update={"locale": locale}))
    text = _part(_digest(dataclasses.replace(report, restated=restated(report.period, days=1))), "plain")
    assert {f"{link}{_LINKS['csv']}", restatement} <= set(text.splitlines())


def test_a_senders_name_may_hold_anything_but_angle_brackets() -> None:
    message = _digest(snapshot(), sender="Müller, Söhne (Wien) <r@signtally.example>")
    assert message["From"].addresses[0].display_name == "Müller, Söhne (Wien)"
    assert message["From"].addresses[0].addr_spec == "r@signtally.example"


def test_a_name_is_never_markup() -> None:
    page = _Markup(_part(_digest(nasty_snapshot(), name="<script>alert(1)</script>"), "html"))
    assert not {"script", "b", "link", "iframe"} & set(page.tags)
    assert page.tags.count("img") == 1  # the chart
    assert "<script>alert(1)</script>" in page.text


def test_nothing_is_loaded_from_elsewhere() -> None:
    """Every address is one of the links, or a picture within the message: the logo that stores keep, and the chart."""
    links = {*_LINKS.values(), "https://app.example/", _UNSUBSCRIBE}
    chart = "cid:chart@usage-reports"
    for logo, sources in ((_PNG, ["cid:logo@usage-reports", chart]), ("data:image/png;base64,AAAA", [chart])):
        message = _digest(_with_logo(logo))
        page = _part(message, "html")
        assert set(_Markup(page).addresses) == links | set(sources)
        assert "url(" not in page
        assert "@import" not in page
        pictures = [part for part in message.walk() if part.get_content_maintype() == "image"]
        assert [(part["Content-ID"], part.get_content_disposition()) for part in pictures] == [
            (f"<{each.removeprefix('cid:')}>", "inline") for each in sources
        ]


def test_a_logo_is_as_large_as_there_is_room_for_and_shown_where_the_email_is_previewed() -> None:
    message = _digest(_with_logo(_PNG))
    page = standing_alone(message)
    assert "cid:" not in page
    assert f'src="{_PNG}" width="132" height="44"' in page
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "multipart/related"]


def _with_logo(logo: str | None) -> UsageSnapshot:
    return snapshot((user(1),), tenant=ACME.model_copy(update={"branding": Branding(logo=logo)}))


def test_a_dark_screen_gets_dark_colours_of_every_kind_that_the_page_has() -> None:
    page = _part(_digest(whole_report()), "html")
    style = page.partition("(prefers-color-scheme: dark)")[2].partition("</style>")[0]
    ruled = set(re.findall(r"\.([a-z-]+) \{", style))
    sized = {"outer", "pad", "card", "button"}
    assert {name for names in re.findall(r'class="([^"]*)"', page) for name in names.split()} - sized <= ruled
    unclassed = re.findall(r"<(?!a |body)\w+(?![^>]*class=)[^>]*(?<!-)color:#", page)
    assert not unclassed


def test_outlook_for_windows_which_lays_out_as_word_does_has_its_width_and_room_in_its_buttons() -> None:
    """By the rules for it: no Outlook is here. It reads what stands in `[if mso]`; others take that for a comment."""
    page = _part(_digest(whole_report()), "html").partition("</head>")[2].partition("</html>")[0]
    word = re.sub(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", r"\1", page, flags=re.DOTALL)
    assert _Markup(word).text.replace("\N{ZERO WIDTH SPACE}", "").split() == _Markup(page).text.split()
    assert "<!--" not in word
    assert word.index('width="600"') < word.index("max-width:600px")  # which it does not know
    buttons = re.findall(r'<a class="button.*?</a>', word)
    assert [button.count("&emsp;") for button in buttons] == [2] * len(_LINKS)  # nor padding of a link
    assert not re.findall(
        r"(?:display:\s*(?:flex|grid)|position:|float:|background-image|<svg|<div(?![^>]*mso-hide))", word
    )
    assert all("width=" in image for image in re.findall(r"<img[^>]*>", word))


@pytest.mark.parametrize("part", ["plain", "html"])
def test_it_says_why_it_came_and_where_to_go(part: str) -> None:
    text = _part(_digest(snapshot((user(1),))), part)
    for expected in ("ann@acme.example", "“Monthly”", "Europe/Berlin", *_LINKS.values(), "https://app.example/"):
        assert expected in text


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (AllowanceUsed(when="allowance_used", percent=80), "when the allowance is used to at least 80%."),
        (NothingSent(when="nothing_sent", days=7), "when nothing was sent for some time (days: 7)."),
        (CompletionRateFell(when="completion_rate_fell", points=10), "has fallen (percentage points: at least 10)."),
    ],
)
def test_who_gets_it_seldom_is_told_when(condition: Condition, said: str) -> None:
    message = _digest(snapshot(), condition=condition)
    assert said in " ".join(_part(message, "plain").split())
    assert said in _Markup(_part(message, "html")).text


@pytest.mark.parametrize(("begins", "said"), [(dt.date(2026, 11, 3), "before 3 Nov 2026."), (None, "yet.")])
def test_a_period_before_all_data_is_not_told_as_zero(begins: dt.date | None, said: str) -> None:
    """Nothing is known of it, which is not that nothing was sent; nor of the period before."""
    message = _digest(dataclasses.replace(snapshot(), first_data_day=begins))
    assert message["Subject"] == "Acme: usage for October 2026 — no data"
    assert f"There are no data {said}" in _part(message, "plain")
    began = dataclasses.replace(snapshot((user(1),)), previous_totals=Counts(), first_data_day=dt.date(2026, 10, 2))
    text = _part(_digest(began), "plain")
    assert "no data before 2 Oct 2026" in text
    assert "in the previous month" not in text


def test_a_domain_beyond_ascii_goes_out_as_the_dns_knows_it() -> None:
    message = _digest(snapshot(), sender="Zoë <r@müller.example>")
    assert message["From"].addresses[0].addr_spec == "r@xn--mller-kva.example"
    assert message["From"].addresses[0].display_name == "Zoë"


def test_a_long_period_is_charted_by_week_or_month() -> None:
    assert "Documents per week" in _part(_digest(snapshot((user(1),), period=parse_period("2026-Q3"))), "html")
    assert "Documents per month" in _part(_digest(snapshot((user(1),), period=parse_period("2025"))), "html")
    assert "Documents per" not in _part(_digest(snapshot((user(1),), period=parse_period("2026-10-03"))), "html")


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
    message = _digest(report, name="s" * 64)
    assert time.process_time() - began < 0.5
    assert len(message.as_bytes()) < 250_000


def test_it_stays_below_what_gmail_shows_whole() -> None:
    """Gmail cuts a message off after 102 kB."""
    wire = base64.b64encode(_part(_digest(nasty_snapshot()), "html").encode())
    assert len(wire) < 102_000
