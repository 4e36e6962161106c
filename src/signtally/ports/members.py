"""Who is in a tenant now, as the portal knows it."""

from collections.abc import Mapping
from typing import Literal, Protocol

MemberRole = Literal["tenant_admin", "member"]


class MemberSource(Protocol):
    """Whoever has left is in no answer."""

    def roles(self, tenant_id: str) -> Mapping[str, MemberRole]:
        """The role of each member by user id, perhaps a minute old. Raises a ServiceError."""
        ...
