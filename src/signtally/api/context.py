"""Dependencies that endpoints share: the services, and the profile of the caller's tenant."""

from typing import Annotated

from fastapi import Depends, Request

from signtally.api.auth import CurrentUser
from signtally.domain.tenants import TenantProfile
from signtally.services import Services


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]


def _tenant(caller: CurrentUser, services: ServicesDep) -> TenantProfile:
    return services.stores.tenants.get(caller.tenant_id)


CurrentTenant = Annotated[TenantProfile, Depends(_tenant)]
