"""Callers that ask for the same at the same time share one call."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from signtally.shared_calls import SharedCalls

CALLERS = 20


def test_those_who_ask_meanwhile_share_the_result_and_later_ones_do_not() -> None:
    calls: SharedCalls[int] = SharedCalls()
    begun, go_on, made = threading.Event(), threading.Event(), []

    def make() -> int:
        begun.set()
        assert go_on.wait(60)
        made.append(1)
        return len(made)

    with ThreadPoolExecutor(CALLERS) as threads:
        first = threads.submit(calls.call, "same", make)
        assert begun.wait(60)
        others = [threads.submit(calls.call, "same", make) for _ in range(CALLERS - 1)]
        assert calls.call("other", lambda: 7) == 7, "what is about something else does not wait"
        go_on.set()
        answers = {each.result(20) for each in (first, *others)}
    assert answers <= set(range(1, len(made) + 1))
    assert calls.call("same", make) == len(made) == max(answers) + 1


def test_an_error_is_everybodys_and_is_forgotten() -> None:
    calls: SharedCalls[int] = SharedCalls()

    def fail() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        calls.call("same", fail)
    assert calls.call("same", lambda: 1) == 1
