"""Whether figures that were read name a user who is erased by now."""

from signtally.domain.erasures import NAMES, ErasedUsers
from signtally.domain.snapshot import InactiveUser, UsageSnapshot, UserUsage


def names_erased(snapshot: UsageSnapshot, erased: ErasedUsers) -> bool:
    """Among its users, those who fell silent, or the senders of its documents."""
    tenant_id = snapshot.tenant.tenant_id
    people: list[UserUsage | InactiveUser] = [*snapshot.users, *snapshot.inactive_users]
    if any((each.user_name or each.user_email) and erased.has(tenant_id, each.user_id) for each in people):
        return True
    named = snapshot.documents.select("user_id", *NAMES)
    return not named.equals(erased.nameless(named, tenant_id=tenant_id))
