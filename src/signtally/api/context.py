"""What every endpoint needs of its request: the services, and the caller's tenant."""

from typing import Annotated

from fastapi import Depends, Request

from signtally.api.auth import SignedIn
from signtally.domain.tenants import TenantProfile
from signtally.services import Services


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


WithServices = Annotated[Services, Depends(_services)]


def _tenant(caller: SignedIn, services: WithServices) -> TenantProfile:
    return services.stores.tenants.get(caller.tenant_id)


OwnTenant = Annotated[TenantProfile, Depends(_tenant)]
