"""A digest email of the sample report, its parts, and its markup as tests read it."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

from signtally.domain.conditions import Condition
from signtally.domain.schedule_terms import Recipient
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.email import DigestContext, digest_message

LINKS = {name: f"https://api.example/v1/reports/r1/files/{name}" for name in ("pdf", "xlsx", "csv")}
UNSUBSCRIBE = "https://api.example/v1/unsubscribe?t=" + "abcDEF012_-." * 30


def digest(
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
            links=LINKS,
            page_url="https://app.example/",
            condition=condition,
        ),
        recipient=Recipient(email="ann@acme.example"),
        unsubscribe_url=UNSUBSCRIBE,
    )
    wire = message.as_bytes()
    assert wire.isascii(), "SES takes seven bits"
    assert max(map(len, wire.split(b"\r\n"))) <= 998, "RFC 5322's longest line"
    arrived = message_from_bytes(wire, policy=policy.default)
    assert isinstance(arrived, EmailMessage)
    return arrived


def part_of(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content())


class Markup(HTMLParser):
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
