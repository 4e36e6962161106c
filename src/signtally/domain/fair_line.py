"""A waiting line that serves tenants in turn, so that one tenant's hundred do not delay another's one."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairLine(Generic[Item]):
    """Items by tenant: each tenant's first come first served, tenants one item a turn."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Item]] = {}  # in the order of the tenants' turns

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def tenants(self) -> int:
        """How many tenants wait."""
        return len(self._waiting)

    def add(self, tenant_id: str, item: Item) -> None:
        self._waiting.setdefault(tenant_id, deque()).append(item)

    def take(self) -> Item:
        """Remove and return the next item. Raises LookupError when nobody waits."""
        tenant_id = next(iter(self._waiting), None)
        if tenant_id is None:
            raise LookupError("nobody waits")
        items = self._waiting.pop(tenant_id)
        item = items.popleft()
        if items:
            self._waiting[tenant_id] = items  # behind everybody else
        return item

    def take_all(self) -> list[Item]:
        """Empty the line."""
        taken = [*self]
        self._waiting.clear()
        return taken

    def __iter__(self) -> Iterator[Item]:
        """All items, in the order in which they would be taken."""
        turns: Iterable[deque[Item]] = self._waiting.values()
        for number in range(max(map(len, self._waiting.values()), default=0)):
            yield from (items[number] for items in turns if number < len(items))
