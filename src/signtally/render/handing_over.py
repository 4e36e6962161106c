"""A call on its way to a rendering process: in parts, so that on neither side a second copy of all users stands.

Users go as plain values: a pickle of as many objects would remember each of them, in more memory than they take.
"""

import dataclasses
import operator
import pickle
from collections.abc import Iterator
from typing import Any

from signtally.domain.batches import batched
from signtally.domain.snapshot import InactiveUser, UsageSnapshot, UserUsage

_USERS_AT_ONCE = 5_000


@dataclasses.dataclass(frozen=True, slots=True)
class _Users:
    """A field of snapshots that grows with the tenant."""

    field: str
    kind: type[UserUsage] | type[InactiveUser]

    def parts(self, snapshot: UsageSnapshot) -> Iterator[bytes]:
        values = operator.attrgetter(*(each.name for each in dataclasses.fields(self.kind)))
        for users in batched(getattr(snapshot, self.field), _USERS_AT_ONCE):
            yield pickle.dumps((self.field, [values(user) for user in users]))


_GROWING = (_Users("users", UserUsage), _Users("inactive_users", InactiveUser))
_NOBODY: dict[str, Any] = {each.field: () for each in _GROWING}


def parts_of(name: str, arguments: tuple[object, ...]) -> Iterator[bytes]:
    """Pickles: first the call with its snapshot without users, then these, some at a time."""
    bare = [dataclasses.replace(each, **_NOBODY) if isinstance(each, UsageSnapshot) else each for each in arguments]
    yield pickle.dumps((name, bare))
    for snapshot in arguments:
        if isinstance(snapshot, UsageSnapshot):
            for growing in _GROWING:
                yield from growing.parts(snapshot)


def call_of(parts: Iterator[bytes]) -> tuple[str, list[Any]]:
    """Name and arguments of the call, of at most one snapshot, that these are the parts of."""
    name, arguments = pickle.loads(next(parts))  # noqa: S301 -- from the parent alone
    users: dict[str, list[Any]] = {each.field: [] for each in _GROWING}
    kinds = {each.field: each.kind for each in _GROWING}
    for part in parts:
        field, rows = pickle.loads(part)  # noqa: S301 -- as above
        users[field].extend(kinds[field](*row) for row in rows)
    whole: dict[str, Any] = {field: tuple(found) for field, found in users.items()}
    return name, [dataclasses.replace(each, **whole) if isinstance(each, UsageSnapshot) else each for each in arguments]
