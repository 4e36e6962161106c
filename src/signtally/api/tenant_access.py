"""Whether a tenant, and a member of it, is let in: a suspended tenant gets nothing, who has left no file."""

import dataclasses
import time

from anyio import to_thread

from signtally.api.auth import Caller, Role
from signtally.api.problems import ProblemError, ProblemKind
from signtally.services import Services
from signtally.use_cases.delivering.membership import roles_in, why_not

_FRESH_SECONDS = 15
_MOST_TENANTS = 50_000  # kept at a time


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one tenant since *asked_at* (monotonic)."""

    asked_at: float
    name: str
    is_suspended: bool


class TenantAccess:
    """Of one application; a tenant's state may be some seconds old. Raises a ServiceError: nobody gets in then."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[str, _Known] = {}

    async def require_active(self, tenant_id: str) -> None:
        """Raises a ProblemError when the tenant is suspended."""
        known = self._known.get(tenant_id)
        if known is None or time.monotonic() - known.asked_at > _FRESH_SECONDS:
            known = await to_thread.run_sync(self._ask, tenant_id)
        if known.is_suspended:
            raise ProblemError(
                ProblemKind.FORBIDDEN,
                f"{known.name} is suspended: it gets no reports and no figures. Ask the operator of this service.",
            )

    async def require_member(self, caller: Caller) -> None:
        """Raises a ProblemError when the caller has left, or is no administrator any more, as the token says."""
        tenant = await to_thread.run_sync(self._services.stores.tenants.get, caller.tenant_id)
        roles = await to_thread.run_sync(lambda: roles_in(tenant, services=self._services))
        as_administrator = caller.role is Role.TENANT_ADMIN
        if why := why_not(caller.user_id, tenant.display_name, roles=roles, as_administrator=as_administrator):
            raise ProblemError(ProblemKind.FORBIDDEN, f"{why}. Sign in again, or ask an administrator.")

    def _ask(self, tenant_id: str) -> _Known:
        asked_at = time.monotonic()
        tenant = self._services.stores.tenants.get(tenant_id)
        if len(self._known) >= _MOST_TENANTS:
            self._known.clear()
        self._known[tenant_id] = _Known(asked_at, tenant.display_name, tenant.is_suspended)
        return self._known[tenant_id]
