"""Links by which a recipient ends the reports of a tenant: signed, without an end, and good for nothing else."""

import dataclasses
from collections.abc import Mapping
from urllib.parse import urlencode

import jwt

from signtally.errors import SigntallyError
from signtally.services import Services
from signtally.stores.suppressions import Suppression, SuppressionReason

_ALGORITHM, _PURPOSE = "HS256", "signtally-unsubscribe"


class BadUnsubscribeLinkError(SigntallyError, ValueError):
    """The link was not made here, or was cut off."""


@dataclasses.dataclass(frozen=True, slots=True)
class Subscription:
    """Whose emails, of which tenant."""

    tenant_id: str
    email: str


def unsubscribe_url(tenant_id: str, email: str, *, services: Services) -> str:
    """The link for one recipient, for `List-Unsubscribe` and the end of the email. Raises a ServiceError."""
    claims = {"aud": _PURPOSE, "t": tenant_id, "e": email}
    token = jwt.encode(claims, services.stores.link_key.get(), algorithm=_ALGORITHM)
    return f"{services.settings.public_url.rstrip('/')}/v1/unsubscribe?{urlencode({'t': token})}"


def subscription_of(token: str, *, services: Services) -> Subscription:
    """What a link is about. Raises BadUnsubscribeLinkError or a ServiceError."""
    for secret in services.stores.link_key.accepted():
        if (claims := _claims(token, secret)) is not None:
            return Subscription(str(claims["t"]), str(claims["e"]))
    raise BadUnsubscribeLinkError("this link is not complete; open it from the email again")


def _claims(token: str, secret: bytes) -> Mapping[str, object] | None:
    """What a link says; None when it was not signed with this secret, or is not whole."""
    try:
        claims: Mapping[str, object] = jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            audience=_PURPOSE,
            options={"require": ["aud", "t", "e"]},
        )
    except jwt.PyJWTError:
        return None
    return claims


def unsubscribe(subscription: Subscription, *, services: Services) -> None:
    """Send nothing of this tenant to this address any more; again changes nothing. Raises a ServiceError."""
    suppression = Suppression(subscription.email, SuppressionReason.UNSUBSCRIBED, services.clock())
    services.stores.suppressions.add(subscription.tenant_id, suppression)
