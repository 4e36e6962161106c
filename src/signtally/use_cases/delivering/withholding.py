"""Why a recipient gets no email although a schedule names them: looked up once for each tenant and occurrence."""

import functools
from collections.abc import Mapping

from signtally.domain.deliveries import MailState
from signtally.domain.destinations import Destination, address_digest
from signtally.domain.schedule_terms import Recipient
from signtally.domain.tenants import TenantProfile
from signtally.ports.errors import ServiceError
from signtally.services import Services
from signtally.stores.suppressions import SuppressionReason, subject
from signtally.use_cases.delivering.membership import roles_in, why_not

_SUSPENDED = "the tenant is suspended"
Reason = tuple[MailState, str]  # the state to record instead of sending, and the detail


def sends_wait(tenant: TenantProfile, *, services: Services) -> bool:
    """Whether nothing scheduled goes out to a tenant now: it is on hold, or its profile lacks what that takes."""
    return tenant.is_too_broken_to_send or bool(services.stores.holds.held([tenant.tenant_id]))


class Withheld:
    """Whom a tenant's emails are withheld from."""

    def __init__(self, tenant: TenantProfile, *, services: Services) -> None:
        self._tenant = tenant
        self._services = services
        self._suppressed = services.stores.suppressions.by_address(tenant.tenant_id)

    def reason(self, recipient: Recipient) -> Reason | None:
        """The state and detail to record instead of sending; None when the recipient may get mail.

        Raises a ServiceError when a recipient has a user id and nobody can say who is a member now.
        """
        if self._tenant.is_suspended:
            return MailState.SUPPRESSED, _SUSPENDED
        suppression = self._suppressed.get(subject(recipient.email))
        if suppression is not None:
            unsubscribed = suppression.reason is SuppressionReason.UNSUBSCRIBED
            state = MailState.UNSUBSCRIBED if unsubscribed else MailState.SUPPRESSED
            return state, f"{suppression.reason} on {suppression.at:%Y-%m-%d}"
        if why := self._services.schedule_limits.why_not(recipient.email, tenant=self._tenant):
            return MailState.REFUSED, why
        if recipient.user_id is not None and (why := self._why_no_administrator(recipient.user_id)):
            return MailState.SUPPRESSED, why
        return None

    def reason_at(self, destination: Destination) -> Reason | None:
        """The same of a destination: what is allowed may have changed since it was stored."""
        if self._tenant.is_suspended:
            return MailState.SUPPRESSED, _SUSPENDED
        if why := self._services.schedule_limits.why_not_to(destination):
            return MailState.REFUSED, why
        gone = self._suppressed.get(subject(destination.label, about=address_digest(destination.url)))
        return (MailState.SUPPRESSED, f"{gone.reason} on {gone.at:%Y-%m-%d}: {gone.detail}") if gone else None

    def _why_no_administrator(self, user_id: str) -> str:
        if isinstance(self._roles, ServiceError):
            raise self._roles
        return why_not(user_id, self._tenant.display_name, roles=self._roles, as_administrator=True)

    @functools.cached_property
    def _roles(self) -> Mapping[str, str] | ServiceError | None:
        """Asked for once, whatever becomes of it: a portal that does not answer is waited for once."""
        try:
            return roles_in(self._tenant, services=self._services)
        except ServiceError as error:
            return error
