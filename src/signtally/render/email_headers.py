"""The headers of a digest: who, to whom, when, how to end it, and that a machine wrote it."""

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol

from signtally.domain.mail_addresses import ascii_address, parse_sender
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.tenants import Recipient
from signtally.render.formats import one_line

_DIGEST_CHARACTERS = 32


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
    if context.reply_to is not None:
        message["Reply-To"] = Address(addr_spec=ascii_address(context.reply_to))
    message["Date"] = format_datetime(snapshot.taken_at)
    identity = [tenant_id, snapshot.period.name, snapshot.taken_at.isoformat(), context.schedule_name, recipient.email]
    message["Message-ID"] = f"<{_digest_of(*identity)}@{origin.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"  # Exchange knows only its own header
    tenant, schedule = _digest_of(tenant_id)[:16], _digest_of(tenant_id, context.schedule_name)[:16]
    message["List-Id"] = f"<{tenant}.usage-reports.{origin.domain}>"
    message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message["Feedback-ID"] = f"{schedule}:{tenant}:digest:signtally"  # by which mailbox providers count complaints


def _digest_of(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARACTERS]
