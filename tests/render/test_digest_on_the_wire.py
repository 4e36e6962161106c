"""A digest as a mail client reads it: from the bytes that went over the wire, by other code than wrote them."""

import dataclasses
import email.utils
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser

import pytest

from signtally.domain.schedule_terms import Recipient
from signtally.domain.tenants import TenantProfile
from signtally.render.email import DigestContext, digest_message
from tests.support.report_samples import snapshot

TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "x" * 200
UNSUBSCRIBE = f"https://reports.example/v1/unsubscribe?t={TOKEN}"
ONCE = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Auto-Submitted",
    "Feedback-ID",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Reply-To",
)


def on_the_wire(*, domain: str = "signtally.example", unsubscribe_url: str = UNSUBSCRIBE) -> bytes:
    tenant = TenantProfile(tenant_id="acme", name="Müller & Söhne 利用 GmbH, deren Name länger als eine Zeile ist")
    context = DigestContext(
        schedule_name="Monthly usage",
        sender=f"Signtally – Berichte <reports@{domain}>",
        reply_to="help@signtally.example",
        links={"pdf": "https://reports.example/v1/reports/r/files/pdf"},
        page_url="https://reports.example/",
    )
    message = digest_message(
        dataclasses.replace(snapshot(), tenant=tenant),
        context=context,
        recipient=Recipient(email="ann@acme.example"),
        unsubscribe_url=unsubscribe_url,
    )
    return message.as_bytes()


def test_each_header_is_there_once_and_what_programs_read_is_plain() -> None:
    raw = on_the_wire()
    headers = BytesHeaderParser(policy=policy.compat32).parsebytes(raw)  # decodes nothing: as a filter sees it
    assert {name: len(headers.get_all(name, [])) for name in ONCE} == dict.fromkeys(ONCE, 1)
    assert headers["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Reply-To"] == "help@signtally.example"
    assert re.fullmatch(r"<[0-9a-f]{32}@signtally\.example>", headers["Message-ID"])
    assert re.fullmatch(r"<[0-9a-f]{16}\.usage-reports\.signtally\.example>", headers["List-Id"])
    assert re.fullmatch(r"[0-9a-f]{16}:[0-9a-f]{16}:digest:signtally", headers["Feedback-ID"])
    assert email.utils.parsedate_to_datetime(headers["Date"]).utcoffset() is not None
    assert email.utils.parseaddr(headers["From"])[1] == "reports@signtally.example"


def test_its_lines_are_as_long_as_they_may_be_and_ascii() -> None:
    raw = on_the_wire()
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n")
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert {line.partition(b":")[0] for line in lines if len(line) > 78} == {b"List-Unsubscribe"}
    encoded = re.findall(rb"=\?utf-8\?[bq]\?[^?]*\?=", raw.partition(b"\r\n\r\n")[0])
    assert encoded
    assert max(map(len, encoded)) <= 75


def test_a_long_domain_breaks_no_id() -> None:
    domain = ".".join(["a-very-long-name-of-a-department"] * 4) + ".example"
    headers = BytesHeaderParser(policy=policy.compat32).parsebytes(on_the_wire(domain=domain))
    assert headers["Message-ID"].endswith(f"@{domain}>")
    assert headers["List-Id"].endswith(f".usage-reports.{domain}>")
    assert not any("=?" in headers[name] or "\n" in headers[name] for name in ("Message-ID", "List-Id"))


def test_an_address_that_fits_no_line_leaves_the_link_at_the_end() -> None:
    url = UNSUBSCRIBE + "y" * 900
    message = message_from_bytes(on_the_wire(unsubscribe_url=url), policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert message["List-Unsubscribe"] is message["List-Unsubscribe-Post"] is None
    text = message.get_body(("plain",))
    assert text is not None
    assert url in text.get_content()


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_its_parts_are_alternatives_the_plain_one_first(kind: str) -> None:
    raw = on_the_wire()
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert message.get_content_type() == "multipart/alternative"
    first = next(iter(message.iter_parts()))
    assert first.get_content_type() == "text/plain"
    part = message.get_body((kind,))
    assert part is not None
    assert part.get_content_charset() == "utf-8"
    assert "利用" in part.get_content()
    assert not message.defects
    assert len(raw) <= 102 * 1024
