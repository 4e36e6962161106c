"""Callers that come at the same time share calls, and each learns what became of its own item."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from signtally.grouped_calls import GroupedCalls, KeyedGroupedCalls

CALLERS = 25


class Recorder:
    """Keeps what it was called with; the first call waits until all others wait for it; *bad* items fail their call."""

    def __init__(self, *, bad: Sequence[int] = ()) -> None:
        self.calls: list[list[int]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self._bad = {*bad}

    def __call__(self, items: Sequence[int]) -> None:
        self.calls.append([*items])
        self.begun.set()
        assert self.go_on.wait(60)
        if self._bad & {*items}:
            raise ZeroDivisionError


def call_at_once(calls: GroupedCalls[int], recorder: Recorder) -> list[BaseException | None]:
    """What became of the items 0 to CALLERS − 1, of which the first was under way when the others came."""
    with ThreadPoolExecutor(CALLERS) as threads:
        first = threads.submit(calls.call, 0)
        assert recorder.begun.wait(60)
        others = [threads.submit(calls.call, number) for number in range(1, CALLERS)]
        while len(calls._waiting) < CALLERS - 1:  # noqa: SLF001 -- nothing else tells that all of them wait
            threading.Event().wait(0.001)
        recorder.go_on.set()
        return [each.exception(20) for each in (first, *others)]


def test_those_who_wait_go_together_ten_at_most_and_each_once() -> None:
    recorder = Recorder()
    assert call_at_once(GroupedCalls(recorder, most=10), recorder) == [None] * CALLERS
    assert [len(call) for call in recorder.calls] == [1, 10, 10, 4]
    assert sorted(item for call in recorder.calls for item in call) == [*range(CALLERS)]


def test_one_that_fails_fails_alone() -> None:
    recorder = Recorder(bad=[0, 7])
    became = call_at_once(GroupedCalls(recorder, most=10), recorder)
    assert [number for number, error in enumerate(became) if error is not None] == [0, 7]
    assert all(isinstance(became[number], ZeroDivisionError) for number in (0, 7))


def test_one_that_comes_alone_goes_at_once_also_after_an_error() -> None:
    recorder = Recorder(bad=[1])
    recorder.go_on.set()
    calls = GroupedCalls(recorder, most=10)
    with pytest.raises(ZeroDivisionError):
        calls.call(1)
    calls.call(2)
    assert recorder.calls == [[1], [2]]


def test_those_of_another_key_go_on_their_own_meanwhile() -> None:
    begun, go_on = threading.Event(), threading.Event()
    calls: list[tuple[str, list[int]]] = []

    def call(key: str, items: Sequence[int]) -> None:
        calls.append((key, [*items]))
        if key == "slow":
            begun.set()
            assert go_on.wait(20)

    grouped = KeyedGroupedCalls(call, most=10)
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(grouped.call, "slow", 1)
        assert begun.wait(20)
        for number in (2, 3):
            grouped.call("other", number)
        go_on.set()
        slow.result(20)
    assert calls == [("slow", [1]), ("other", [2]), ("other", [3])]
    assert not grouped._groups, "a key without callers costs no memory"  # noqa: SLF001 -- nothing else tells
