"""Members in memory: whoever a test puts there."""

from collections.abc import Mapping

from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.members import MemberRole


class MemoryMembers:
    """*by_tenant* has the roles by user id; *down*, nobody can be asked."""

    def __init__(self, by_tenant: Mapping[str, Mapping[str, MemberRole]] | None = None) -> None:
        self.by_tenant = dict(by_tenant or {})
        self.down = False

    def roles(self, tenant_id: str) -> Mapping[str, MemberRole]:
        if self.down:
            raise ServiceUnavailableError(f"the members of {tenant_id} are not known now")
        return self.by_tenant.get(tenant_id, {})
