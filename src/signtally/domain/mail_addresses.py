"""Who a message is from and for, as bare addresses."""

from email.message import EmailMessage
from email.utils import getaddresses, parseaddr

from signtally.errors import SigntallyError


class NoAddressError(SigntallyError, ValueError):
    """A message without a sender or without a recipient cannot be handed to any mail service."""


def sender_of(message: EmailMessage) -> str:
    return _one_at_least(getaddresses([str(value) for value in message.get_all("From", [])]), header="From")[0]


def recipients_of(message: EmailMessage) -> list[str]:
    named = [str(value) for header in ("To", "Cc", "Bcc") for value in message.get_all(header, [])]
    return _one_at_least(getaddresses(named), header="To")


def domain_of(address: str) -> str:
    """The domain of `Name <local@domain>`."""
    return parseaddr(address)[1].rpartition("@")[2]


def _one_at_least(found: list[tuple[str, str]], *, header: str) -> list[str]:
    addresses = [address for _, address in found if address]
    if not addresses:
        raise NoAddressError(f"the message names no address under {header}")
    return addresses
