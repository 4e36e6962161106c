"""Whether somebody may still get a tenant's reports: asked when they are sent, and when they are downloaded."""

from collections.abc import Mapping

from signtally.domain.tenants import TenantProfile
from signtally.services import Services

_ADMINISTRATOR = "tenant_admin"


def roles_in(tenant: TenantProfile, *, services: Services) -> Mapping[str, str] | None:
    """The role of each member by user id: the profile's own list, else the portal's; None when neither is there.

    Raises a ServiceError: then nobody is known to be a member.
    """
    if tenant.members is not None:
        return {member.user_id: member.role for member in tenant.members}
    return None if services.members is None else services.members.roles(tenant.tenant_id)


def why_not(user_id: str, tenant_name: str, *, roles: Mapping[str, str] | None, as_administrator: bool) -> str:
    """Why this user gets nothing of a tenant with these *roles*; empty when there is no reason."""
    if roles is None:
        return ""
    if user_id not in roles:
        return f"{user_id} is no member of {tenant_name} any more"
    if as_administrator and roles[user_id] != _ADMINISTRATOR:
        return f"{user_id} is no administrator of {tenant_name} any more"
    return ""
