"""Links by which a recipient ends the reports of a tenant: signed, without an end, and good for nothing else."""

import dataclasses
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
    try:
        claims = jwt.decode(
            token,
            services.stores.link_key.get(),
            algorithms=[_ALGORITHM],
            audience=_PURPOSE,
            options={"require": ["aud", "t", "e"]},
        )
    except jwt.PyJWTError:
        raise BadUnsubscribeLinkError("this link is not complete; open it from the email again") from None
    return Subscription(str(claims["t"]), str(claims["e"]))


def unsubscribe(subscription: Subscription, *, services: Services) -> None:
    """Send nothing of this tenant to this address any more; again changes nothing. Raises a ServiceError."""
    suppression = Suppression(subscription.email, SuppressionReason.UNSUBSCRIBED, services.clock())
    services.stores.suppressions.add(subscription.tenant_id, suppression)
