"""The headers of a digest: who, to whom, when, how to end it, and that a machine wrote it."""

import hashlib
from email.header import Header
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from typing import Any, Protocol

from signtally.domain.mail_addresses import ascii_address, parse_sender
from signtally.domain.schedule_terms import Recipient
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.visible_text import one_line

_DIGEST_CHARACTERS = 32
# Two less than usual, since Python's encoded words may be as long as a line, and RFC 2047 allows 75.
_MOST_ON_A_LINE = 76
_URL_LIMIT_CHARACTERS = 970  # a line has at most 998 (RFC 5322), and an address cannot be folded


class _OneLine:
    """A header whose value stands in one line as it is.

    Python folds what is longer than a line into encoded words, and no mail client decodes those in an address or an id.
    """

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds["parse_tree"] = kwds["decoded"] = value

    def fold(self: Any, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


class _Subject(_OneLine):
    """A subject that is no single line of ASCII is encoded whole.

    Python encodes single words, and where a line ends beside one, clients show two spaces or none.
    """

    def fold(self: Any, *, policy: Policy) -> str:
        line = f"{self.name}: {self}"
        if not line.isascii() or len(line) > _MOST_ON_A_LINE:
            encoded = Header(str(self), "utf-8", maxlinelen=_MOST_ON_A_LINE, header_name=self.name)
            line = f"{self.name}: {encoded.encode(linesep=policy.linesep)}"
        return f"{line}{policy.linesep}"


_HEADERS = HeaderRegistry()
for _name in ("feedback-id", "list-id", "list-unsubscribe", "message-id"):
    _HEADERS.map_to_type(_name, _OneLine)  # type: ignore[arg-type] # a mix-in, as email's own are
_HEADERS.map_to_type("subject", _Subject)  # type: ignore[arg-type] # as above
# Of a message with these headers. SES takes ASCII alone: every other character is encoded in the parts and headers.
POLICY = SMTP.clone(cte_type="7bit", header_factory=_HEADERS, max_line_length=_MOST_ON_A_LINE)


class Addressing(Protocol):
    """What the headers are made of, beside the figures and the recipient."""

    @property
    def schedule_name(self) -> str: ...
    @property
    def sender(self) -> str: ...
    @property
    def reply_to(self) -> str | None: ...


def header_text(text: str) -> str:
    """Text for a header, in one line.

    `=?` would begin an encoded word: Python up to 3.11.7 and 3.12.1 decodes one in a header that is set, and takes line
    breaks from it, so that a name could add headers. A space keeps it what it is: text.
    """
    return one_line(text).replace("=?", "= ?")


def add_headers(
    message: EmailMessage,
    snapshot: UsageSnapshot,
    *,
    context: Addressing,
    recipient: Recipient,
    unsubscribe_url: str,
) -> None:
    """Add all headers but the subject; `Auto-Submitted` keeps vacation notices away."""
    sender, tenant_id = parse_sender(context.sender), snapshot.tenant.tenant_id
    origin = Address(header_text(sender.name), addr_spec=sender.address)
    message["From"] = origin
    message["To"] = Address(addr_spec=ascii_address(recipient.email))
    message["Reply-To"] = Address(addr_spec=ascii_address(context.reply_to or sender.address))
    message["Date"] = format_datetime(snapshot.taken_at)
    identity = [tenant_id, snapshot.period.name, snapshot.taken_at.isoformat(), context.schedule_name, recipient.email]
    message["Message-ID"] = f"<{_digest_of(*identity)}@{origin.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"  # Exchange knows only its own header
    tenant, schedule = _digest_of(tenant_id)[:16], _digest_of(tenant_id, context.schedule_name)[:16]
    message["List-Id"] = f"<{tenant}.usage-reports.{origin.domain}>"
    if len(unsubscribe_url) <= _URL_LIMIT_CHARACTERS:  # else the link at the end has to do
        message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message["Feedback-ID"] = f"{schedule}:{tenant}:digest:signtally"  # by which mailbox providers count complaints


def _digest_of(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARACTERS]
