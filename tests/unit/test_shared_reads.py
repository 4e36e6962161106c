"""Who asks while a reading is under way is told by the next one, which all who wait share."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from signtally.api.shared_reads import SharedReads


class Slow:
    """Readings that count themselves, and each wait for `go_on`."""

    def __init__(self) -> None:
        self.readings: list[str] = []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, about: str) -> int:
        self.readings.append(about)
        number = len(self.readings)
        self.begun.set()
        assert self.go_on.wait(20)
        return number


def test_nobody_is_told_what_was_read_before_they_asked() -> None:
    async def ask() -> list[int]:
        slow = Slow()
        reads = SharedReads(slow)
        first = asyncio.create_task(reads.get("acme"))
        await asyncio.to_thread(slow.begun.wait, 20)
        later = [asyncio.create_task(reads.get("acme")) for _ in range(20)]
        await asyncio.sleep(0)
        slow.go_on.set()
        answers = await asyncio.gather(first, *later)
        assert slow.readings == ["acme", "acme"]
        return answers

    assert asyncio.run(ask()) == [1, *[2] * 20]


def test_those_about_something_else_do_not_wait() -> None:
    async def ask() -> None:
        slow = Slow()
        reads = SharedReads(lambda about: slow(about) if about == "slow" else 7)
        waiting = asyncio.create_task(reads.get("slow"))
        await asyncio.to_thread(slow.begun.wait, 20)
        assert await reads.get("other") == 7
        slow.go_on.set()
        await waiting

    asyncio.run(ask())


def test_those_in_another_event_loop_share_it_too() -> None:
    slow = Slow()
    reads = SharedReads(slow)

    def ask(_: int) -> int:
        return asyncio.run(reads.get("acme"))

    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(ask, 0)
        assert slow.begun.wait(20)
        later = [threads.submit(ask, number) for number in (1, 2)]
        while "acme" not in reads._waiting:  # noqa: SLF001 -- nothing else tells that one waits
            threading.Event().wait(0.001)
        slow.go_on.set()
        assert first.result(20) == 1
        assert all(each.result(20) > 1 for each in later)
    assert not reads._waiting  # noqa: SLF001
    assert not reads._under_way  # noqa: SLF001


def test_an_error_is_told_and_forgotten_and_who_goes_away_ends_nothing() -> None:
    async def ask() -> None:
        answers = iter([0, 1, 2])

        def read(_: str) -> int:
            answer = next(answers)
            if answer == 0:
                raise ZeroDivisionError
            return answer

        reads = SharedReads(read)
        with pytest.raises(ZeroDivisionError):
            await reads.get("acme")
        gone, stays = (asyncio.create_task(reads.get("acme")) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        assert await stays == 1
        assert await reads.get("acme") == 2

    asyncio.run(ask())
