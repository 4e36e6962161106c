"""Destinations of a schedule beside mail: a channel in Slack or Teams, or a program that takes signed webhooks."""

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Iterable
from typing import Annotated, Literal, Protocol, Self, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from signtally.domain.given_names import GivenName, given_name, name_key
from signtally.domain.invalid_values import invalid_value
from signtally.domain.public_addresses import ip_address, is_public

DestinationKind = Literal["slack", "teams", "webhook"]
SECRET_PREFIX = "whsec_"  # noqa: S105 -- what Standard Webhooks put before a secret
MASKED_PATH = "/…"
_SECRET_BYTES = range(24, 65)  # as Standard Webhooks recommend
_NEW_SECRET_BYTES = 32
_DIGEST_CHARACTERS = 32
_LABEL_CHARACTERS = range(1, 64)  # of the DNS
_VISIBLE_ASCII = re.compile(r"[!-~]+")


def _webhook_url(text: str) -> str:
    """Raises ValueError, whose message does not repeat an address that may hold a secret."""
    if text.endswith(MASKED_PATH):
        raise invalid_value("url-shortened", "this address is shortened, as it is shown; write the whole of it")
    try:
        parts = urlsplit(text)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        host = None
    if not host or not _VISIBLE_ASCII.fullmatch(text) or not _can_be_looked_up(host):
        raise invalid_value("url", "this is no web address; write https://hooks.example.com/… in ASCII")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback_host(host)):
        raise invalid_value("url-not-https", "a webhook is called by https only")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise invalid_value("url-credentials", "a webhook's address has no user, password or fragment")
    address = ip_address(host)
    if address is not None and not is_public(address) and not is_loopback_host(host):
        raise invalid_value("url-not-public", "a webhook's address is a public one")
    return text


def _can_be_looked_up(host: str) -> bool:
    """False for what no DNS has, and programs that ask for it stumble over: `a..example`."""
    labels = host.removesuffix(".").split(".")
    return ip_address(host) is not None or all(len(label) in _LABEL_CHARACTERS for label in labels)


def _secret(text: str) -> str:
    advice = f"a secret is {SECRET_PREFIX} and 24 to 64 bytes in base64; leave it out, and one is made for you"
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise invalid_value("secret", advice) from None
    if not text.startswith(SECRET_PREFIX) or len(key) not in _SECRET_BYTES:
        raise invalid_value("secret", advice)
    return text


def _reference(text: str) -> str:
    kind, colon, name = text.partition(":")
    return f"{kind}:{given_name(name)}" if colon and kind in get_args(DestinationKind) else given_name(text)


DestinationReference = Annotated[str, AfterValidator(_reference)]  # a name, or a label
WebhookUrl = Annotated[str, Field(max_length=2000), AfterValidator(_webhook_url)]
WebhookSecret = Annotated[str, Field(max_length=200), AfterValidator(_secret)]


class Destination(BaseModel):
    """Where a digest is posted; its address is a secret as well, for whoever knows it may post there."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: GivenName
    kind: DestinationKind
    url: WebhookUrl = Field(repr=False)
    secret: WebhookSecret | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _signs_what_can_be_verified(self) -> Self:
        if (self.kind == "webhook") != (self.secret is not None):
            detail = "a webhook has a secret, whsec_ and 24 to 64 bytes in base64, and Slack and Teams have none"
            raise invalid_value("secret-not-taken", detail)
        return self

    @property
    def label(self) -> str:
        """Its name in the ledger, where an email has an address: `slack:board`."""
        return f"{self.kind}:{self.name}"

    def is_meant_by(self, reference: str) -> bool:
        """Whether its name or label, in any letters, is this one."""
        return name_key(reference) in {name_key(self.name), name_key(self.label)}

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def shown_url(self) -> str:
        """Its address without the part that is a secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{MASKED_PATH}"


def address_digest(url: str) -> str:
    """By which an address is known again where it must not be read, for it is a secret."""
    return hashlib.sha256(url.encode()).hexdigest()[:_DIGEST_CHARACTERS]


class Labelled(Protocol):
    """A destination, stored or to be stored."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...


def check_labels(destinations: Iterable[Labelled]) -> None:
    """Raises ValueError when two destinations of a kind have one name."""
    known = set()
    for each in destinations:
        key = name_key(each.label)
        if key in known:
            raise invalid_value("name-taken", "two destinations of a kind have one name", name=each.name)
        known.add(key)


def is_loopback_host(host: str) -> bool:
    address = ip_address(host)
    return host == "localhost" if address is None else address.is_loopback


def new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_NEW_SECRET_BYTES)).decode()
