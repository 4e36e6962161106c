"""A mail service in memory: it keeps what it took, and refuses or breaks down when told to."""

import threading
from email.message import EmailMessage

from signtally.domain.mail_addresses import recipients_of, sender_of
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.mail import MailDeferredError, MailRefusedError


class MemoryMailer:
    """*refused* are addresses it never takes, *full* mailboxes ones it does not take yet; *down*, it takes nothing."""

    def __init__(self, *, refused: frozenset[str] = frozenset(), full: frozenset[str] = frozenset()) -> None:
        self.sent: list[EmailMessage] = []
        self.refused = refused
        self.full = full
        self.down = False
        self._lock = threading.Lock()

    def send(self, message: EmailMessage) -> str:
        if self.down:
            raise ServiceUnavailableError("the mail service is down; try again")
        sender_of(message)
        if refused := self.refused.intersection(recipients_of(message)):
            raise MailRefusedError(f"refused: {', '.join(sorted(refused))}")
        if full := self.full.intersection(recipients_of(message)):
            raise MailDeferredError(f"452 mailbox full: {', '.join(sorted(full))}")
        with self._lock:
            self.sent.append(message)
            return f"memory-{len(self.sent)}"

    def rate(self) -> float | None:
        """As many as somebody sends."""
        return None

    def provision(self, *, sender: str) -> bool:
        """Anybody may send from here."""
        del sender
        return False
