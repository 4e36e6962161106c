"""Email on its way out."""

import datetime as dt
from email.message import EmailMessage
from typing import Protocol

from signtally.errors import SigntallyError
from signtally.ports.errors import ServiceError


class MailRefusedError(SigntallyError):
    """The mail service refused this very message (an address, its size): sending it again will not help."""


class MailDeferredError(SigntallyError):
    """The mail service did not take this very message now (a full mailbox, greylisting): later it may.

    *retry_after* is how long it asks us to wait, if it says so.
    """

    def __init__(self, message: str, *, retry_after: dt.timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class MailSilentError(MailDeferredError):
    """The mail service fell silent over this very message before it had it; over several in a row, it is down."""


class MailUncertainError(ServiceError):
    """The connection broke after the message had gone out: it may have been taken, and sent again it may come twice."""


class Mailer(Protocol):
    """Raises one of the errors above, or another ServiceError: then the service itself took nothing."""

    def send(self, message: EmailMessage) -> str:
        """Hand over one complete MIME message with From and To; return the service's id for it. Never retried."""
        ...

    def rate(self) -> float | None:
        """Emails a second that the service takes of this account; None when it does not say. Raises nothing."""
        ...

    def provision(self, *, sender: str) -> bool:
        """Announce the *sender* (`Name <address>`) where the service asks for that; return whether that was new."""
        ...
