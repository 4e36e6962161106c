"""Signatures of Standard Webhooks 1.0 (https://www.standardwebhooks.com): `webhook-id`, `-timestamp`, `-signature`."""

import base64
import datetime as dt
import hashlib
import hmac

from signtally.domain.destinations import SECRET_PREFIX
from signtally.ports.webhooks import WebhookMessage


def signature_headers(message: WebhookMessage, *, at: dt.datetime) -> dict[str, str]:
    """The headers by which a receiver knows the message again, and that it is ours; none without a secret."""
    if message.secret is None:
        return {}
    timestamp = str(int(at.timestamp()))
    key = base64.b64decode(message.secret.removeprefix(SECRET_PREFIX))
    digest = hmac.digest(key, f"{message.id}.{timestamp}.".encode() + message.body, hashlib.sha256)
    return {
        "webhook-id": message.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
