"""Destinations of a schedule beside mail: a channel in Slack or Teams, or a program that takes signed webhooks."""

import base64
import binascii
import hashlib
import re
import secrets
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from signtally.domain.public_addresses import ip_address, is_public

DestinationKind = Literal["slack", "teams", "webhook"]
DestinationName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$")]
DestinationReference = Annotated[  # a name, or a label
    str, Field(pattern=r"^((slack|teams|webhook):)?[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$")
]
SECRET_PREFIX = "whsec_"  # noqa: S105 -- what Standard Webhooks put before a secret
MASKED_PATH = "/…"
_SECRET_BYTES = range(24, 65)  # as Standard Webhooks recommend
_NEW_SECRET_BYTES = 32
_DIGEST_CHARACTERS = 32
_VISIBLE_ASCII = re.compile(r"[!-~]+")


def _webhook_url(text: str) -> str:
    """Raises ValueError, whose message does not repeat an address that may hold a secret."""
    if text.endswith(MASKED_PATH):
        raise ValueError("this address is shortened, as it is shown; write the whole of it")
    try:
        parts = urlsplit(text)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        host = None
    if not host or not _VISIBLE_ASCII.fullmatch(text):
        raise ValueError("this is no web address; write https://hooks.example.com/… in ASCII")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback_host(host)):
        raise ValueError("a webhook is called by https only")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("a webhook's address has no user, password or fragment")
    address = ip_address(host)
    if address is not None and not is_public(address) and not is_loopback_host(host):
        raise ValueError("a webhook's address is a public one")
    return text


def _secret(text: str) -> str:
    advice = f"a secret is {SECRET_PREFIX} and 24 to 64 bytes in base64; leave it out, and one is made for you"
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(advice) from None
    if not text.startswith(SECRET_PREFIX) or len(key) not in _SECRET_BYTES:
        raise ValueError(advice)
    return text


WebhookUrl = Annotated[str, Field(max_length=2000), AfterValidator(_webhook_url)]
WebhookSecret = Annotated[str, Field(max_length=200), AfterValidator(_secret)]


class Destination(BaseModel):
    """Where a digest is posted; its address is a secret as well, for whoever knows it may post there."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: DestinationName
    kind: DestinationKind
    url: WebhookUrl = Field(repr=False)
    secret: WebhookSecret | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _signs_what_can_be_verified(self) -> Self:
        if (self.kind == "webhook") != (self.secret is not None):
            raise ValueError("a webhook has a secret, and Slack and Teams have none")
        return self

    @property
    def label(self) -> str:
        """Its name in the ledger, where an email has an address: `slack:board`."""
        return f"{self.kind}:{self.name}"

    def is_meant_by(self, reference: str) -> bool:
        """Whether its name or label, in any letters, is this one."""
        return reference.casefold() in {self.name.casefold(), self.label.casefold()}

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


def is_loopback_host(host: str) -> bool:
    address = ip_address(host)
    return host == "localhost" if address is None else address.is_loopback


def new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_NEW_SECRET_BYTES)).decode()
