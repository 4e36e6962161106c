"""Dependencies that endpoints share: the services, and the profile of the caller's tenant."""

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from signtally.api.auth import CurrentUser
from signtally.domain.tenants import TenantProfile
from signtally.services import Services

if TYPE_CHECKING:
    from signtally.api.shared_reads import SharedReads


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]


async def _tenant(request: Request, caller: CurrentUser) -> TenantProfile:
    """As it is stored now: a change counts from the next request on, and who asks at the same time shares a reading."""
    profiles: SharedReads[TenantProfile] = request.app.state.profiles
    return await profiles.get(caller.tenant_id)


CurrentTenant = Annotated[TenantProfile, Depends(_tenant)]
