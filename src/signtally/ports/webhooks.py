"""Digests on their way to a chat channel or a program, over HTTP."""

import dataclasses
from typing import Protocol

from signtally.ports.mail import MailRefusedError


class DestinationGoneError(MailRefusedError):
    """The receiver says that nobody takes anything at this address any more: it is not to be called again."""


@dataclasses.dataclass(frozen=True, slots=True)
class WebhookMessage:
    """One POST. *id* is the same at every attempt; with a *secret* the receiver knows by it what it has already."""

    id: str
    url: str = dataclasses.field(repr=False)
    body: bytes = dataclasses.field(repr=False)  # JSON
    secret: str | None = dataclasses.field(default=None, repr=False)  # by which it is signed


class WebhookPoster(Protocol):
    """Posts webhooks, one at a time."""

    def post(self, message: WebhookMessage) -> str:
        """Return what the receiver answered, in a few words. Never retried.

        Raises MailRefusedError when it will never take it, DestinationGoneError when it will never take anything,
        MailDeferredError when it may later, and MailUncertainError when nobody knows whether it has, and a second
        attempt might show it twice.
        """
        ...


class NoWebhooks:
    """Posts nothing: for services that send none."""

    def post(self, message: WebhookMessage) -> str:
        raise MailRefusedError(f"webhooks are not posted from here, nor is {message.id}")
