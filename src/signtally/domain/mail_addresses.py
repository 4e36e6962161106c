"""Addresses of email: which are valid, how they stand in the DNS, and who a message is from and for."""

import dataclasses
import functools
import re
from email.message import EmailMessage
from email.utils import getaddresses

from signtally.domain.invalid_values import invalid_value
from signtally.errors import SigntallyError

# Tried only where a run of such characters begins: else a long one without an @ would take the square of its length.
_ADDRESS = re.compile(r"(?<![^\s<>,;:\"'()\[\]/])[^\s<>,;:\"'()\[\]/]+(?:@|%40)[^\s<>,;:\"'()\[\]/]+")
_SENDER = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>\s]+)>|(?P<alone>[^<>\s]+)")


class NoAddressError(SigntallyError, ValueError):
    """A message without a sender or without a recipient cannot be handed to any mail service."""


def without_addresses(text: str) -> str:
    """*text* with `‹address›` in the place of each address, also as keys of the bucket have it (`ann%40acme.example`).

    For operators' logs, runs and events.
    """
    return _ADDRESS.sub("‹address›", text)


@functools.lru_cache(maxsize=10_000)
def valid_address(text: str) -> str:
    """The address with its domain in small letters (`Ann@acme.example`); its characters before the @ are ASCII.

    Raises ValueError, whose message says what is wrong, for anything that mail servers would not take: two dots in a
    row, a domain without a dot, control characters, letters outside ASCII before the @ …
    """
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 -- 60 ms of patterns

    if "=?" in text:
        raise _no_address(text, "It has =? in it, which begins an encoded word in the header of an email.")
    try:
        return validate_email(
            text,
            check_deliverability=False,
            allow_smtputf8=False,  # SES and many servers take no other letters before the @
            strict=True,
            test_environment=True,  # the names below .test
        ).normalized
    except EmailNotValidError as error:
        raise _no_address(text, str(error)) from None


def _no_address(text: str, why: str) -> ValueError:
    return invalid_value("email", f"{text!r} is no email address; write ann@acme.example. {why}", address=text)


def ascii_address(address: str) -> str:
    """A valid address with its domain as it stands in the DNS, by IDNA 2008: `ann@faß.de` is `ann@xn--fa-hia.de`."""
    if address.isascii():
        return address
    from email_validator import validate_email  # noqa: PLC0415 -- as above

    checked = validate_email(address, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    return checked.ascii_email or address


def in_small_letters(name: str) -> str:
    """An address, or the label that stands in its place for a destination, by which what is kept of it is found.

    Not `str.casefold` for an address: `faß.de` is another domain than `fass.de` (IDNA 2008).
    """
    return name.lower() if "@" in name else name.casefold()


def spellings(address: str) -> frozenset[str]:
    """An address in small letters as it is written, and with its domain as the DNS has it and as people read it."""
    written = in_small_letters(address)
    try:
        return frozenset({written, in_small_letters(valid_address(written)), ascii_address(valid_address(written))})
    except ValueError:  # no address, and yet it is stored
        return frozenset({written})


def ascii_domain(text: str) -> str:
    """A mail domain in small letters as it stands in the DNS. Raises ValueError when it is none."""
    return ascii_address(valid_address(f"postmaster@{text.strip().removeprefix('@')}")).rpartition("@")[2]


@dataclasses.dataclass(frozen=True, slots=True)
class Sender:
    """Who emails are from; the address as it stands in the DNS."""

    name: str
    address: str


def parse_sender(text: str) -> Sender:
    """Read `Name <address>`, where the name is anything but angle brackets, or an address alone.

    Raises ValueError, whose message says what to write.
    """
    match = _SENDER.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} names no sender: write Signtally <reports@signtally.example>")
    name = (match["name"] or "").strip().strip('"').strip()
    return Sender(name, ascii_address(valid_address(match["address"] or match["alone"])))


def sender_of(message: EmailMessage) -> str:
    return _one_at_least(getaddresses([str(value) for value in message.get_all("From", [])]), header="From")[0]


def recipients_of(message: EmailMessage) -> list[str]:
    named = [str(value) for header in ("To", "Cc", "Bcc") for value in message.get_all(header, [])]
    return _one_at_least(getaddresses(named), header="To")


def _one_at_least(found: list[tuple[str, str]], *, header: str) -> list[str]:
    addresses = [address for _, address in found if address]
    if not addresses:
        raise NoAddressError(f"the message names no address under {header}")
    return addresses
