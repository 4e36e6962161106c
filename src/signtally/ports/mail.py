"""Email on its way out."""

from email.message import EmailMessage
from typing import Protocol


class MailRefusedError(Exception):
    """The mail service refused this very message (an address, its size): sending it again will not help."""


class Mailer(Protocol):
    """Raise MailRefusedError, or a ServiceError of `signtally.ports.errors`."""

    def send(self, message: EmailMessage) -> str:
        """Hand over one complete MIME message with From and To; return the service's id for it."""
        ...
