"""The digest email's headers and addresses: whose it is, how it is ended, and that no name adds to them."""

import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.actions import Counts
from signtally.render.email_headers import POLICY, header_text
from tests.support.digest_emails import UNSUBSCRIBE, digest, part_of
from tests.support.examples import examples
from tests.support.report_samples import ACME, snapshot, user

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


def test_its_headers_say_who_when_and_that_a_machine_wrote_it() -> None:
    message = digest(snapshot((user(1, counts=Counts(sent=1234)),)))
    assert message["Subject"] == "Acme: usage for October 2026 — 1,234 documents sent"
    assert message["From"] == "Signtally <r@signtally.example>"
    assert message["To"] == "ann@acme.example"
    assert message["Date"] == "Sun, 01 Nov 2026 08:12:02 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "multipart/related"]


def test_the_same_digest_has_the_same_message_id_and_another_persons_another() -> None:
    one, again = digest(snapshot()), digest(snapshot())
    assert one["Message-ID"] == again["Message-ID"]
    assert one["Message-ID"] != digest(snapshot(), name="Weekly")["Message-ID"]


@given(st.text(st.characters(), min_size=1, max_size=80), st.text(st.characters(), max_size=40))
@settings(max_examples=examples(60), deadline=None)
def test_no_name_adds_a_header(tenant_name: str, schedule_name: str) -> None:
    """Whatever stands in a profile stays inside the subject."""
    tenant = ACME.model_copy(update={"name": f"{tenant_name}\r\nBcc: eve@evil.example\u2028X: y"})
    message = digest(snapshot(tenant=tenant), name=f"{schedule_name}\r\nX-Evil: yes")
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
    message = digest(report, sender=f"{hostile} <r@signtally.example>")
    assert set(message.keys()) == _HEADERS
    assert "= ?utf-8?" in message["Subject"]
    assert message["From"].addresses[0].addr_spec == "r@signtally.example"


def test_it_can_be_ended_by_one_click_and_answered() -> None:
    message = digest(snapshot())
    assert message["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Reply-To"] == "support@portal.example"
    assert digest(snapshot(), reply_to=None)["Reply-To"] == "r@signtally.example"
    assert re.fullmatch(r"<[0-9a-f]{16}\.usage-reports\.signtally\.example>", message["List-Id"])
    other = digest(snapshot(tenant=ACME.model_copy(update={"tenant_id": "bolt"})))
    assert message["List-Id"] != other["List-Id"]
    assert message["Feedback-ID"].endswith(":digest:signtally")
    assert f'href="{UNSUBSCRIBE}"' in part_of(message, "html")
    assert f"Unsubscribe: {UNSUBSCRIBE}" in part_of(message, "plain").splitlines()


def test_a_senders_name_may_hold_anything_but_angle_brackets() -> None:
    message = digest(snapshot(), sender="Müller, Söhne (Wien) <r@signtally.example>")
    assert message["From"].addresses[0].display_name == "Müller, Söhne (Wien)"
    assert message["From"].addresses[0].addr_spec == "r@signtally.example"


def test_a_domain_beyond_ascii_goes_out_as_the_dns_knows_it() -> None:
    message = digest(snapshot(), sender="Zoë <r@müller.example>")
    assert message["From"].addresses[0].addr_spec == "r@xn--mller-kva.example"
    assert message["From"].addresses[0].display_name == "Zoë"
