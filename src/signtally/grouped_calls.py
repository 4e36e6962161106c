"""Callers that come while a call is under way go together in the next one, as a group commit does."""

import functools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class GroupedCalls(Generic[Item]):
    """One call at a time, each with the items of all who wait, *most* of them at most; thread-safe.

    Nobody waits for others to come: an item that comes alone goes alone.
    """

    def __init__(self, call: Callable[[Sequence[Item]], object], *, most: int) -> None:
        self._call = call
        self._most = most
        self._waiting: deque[_Waiting[Item]] = deque()
        self._is_under_way = False
        self._lock = threading.Lock()

    def call(self, item: Item) -> None:
        """Return once a call with *item* has. When that of a group fails, it is tried alone; raises what that does."""
        own = _Waiting(item)
        with self._lock:
            self._waiting.append(own)
            is_first, self._is_under_way = not self._is_under_way, True
        if not is_first:
            own.turn.wait()
        if not own.is_done:
            self._lead()
        if own.error is None:
            return
        if own.is_alone:
            raise own.error
        self._call([item])

    def _lead(self) -> None:
        """Make the call for the first who wait, the leader among them; then let the next one lead."""
        with self._lock:
            group = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        error: BaseException | None = None
        try:
            self._call([each.item for each in group])
        except BaseException as caught:  # noqa: BLE001 -- told to each who waits for it
            error = caught
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._is_under_way = following is not None
        for each in group:
            each.error, each.is_alone, each.is_done = error, len(group) == 1, True
            each.turn.set()
        if following is not None:
            following.turn.set()


class KeyedGroupedCalls(Generic[Item]):
    """Grouped calls of many keys: items of one key go together, and none waits for those of another; thread-safe."""

    def __init__(self, call: Callable[[str, Sequence[Item]], object], *, most: int) -> None:
        self._call = call
        self._most = most
        self._groups: dict[str, tuple[GroupedCalls[Item], int]] = {}  # with how many callers each has
        self._lock = threading.Lock()

    def call(self, key: str, item: Item) -> None:
        """As `GroupedCalls.call`, among those of this key."""
        with self._lock:
            group, callers = self._groups.get(key) or (self._group(key), 0)
            self._groups[key] = group, callers + 1
        try:
            group.call(item)
        finally:
            with self._lock:
                group, callers = self._groups.pop(key)
                if callers > 1:
                    self._groups[key] = group, callers - 1

    def _group(self, key: str) -> GroupedCalls[Item]:
        return GroupedCalls(functools.partial(self._call, key), most=self._most)


class _Waiting(Generic[Item]):
    """An item, and what became of it once its *turn* has come: unless it is done, its caller leads."""

    __slots__ = ("error", "is_alone", "is_done", "item", "turn")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.turn = threading.Event()
        self.is_done = False
        self.is_alone = False
        self.error: BaseException | None = None
