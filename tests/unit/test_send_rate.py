"""Emails go out no faster than the account may send, however many threads send them."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.aws.send_rate import SendRate
from tests.support.examples import examples


class Seconds:
    """A clock that waiting moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@settings(max_examples=examples(50), deadline=None)
@given(rate=st.floats(0.5, 100), pauses=st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_in_no_second_more_go_out_than_the_rate_and_what_was_saved_up(rate: float, pauses: list[float]) -> None:
    seconds = Seconds()
    limit = SendRate(lambda: rate, monotonic=seconds, wait=seconds.wait)
    sent = []
    for pause in pauses:
        seconds.now += pause
        limit.wait_for_turn()
        sent.append(seconds.now)
    for begin in sent:
        within = sum(begin <= each < begin + 1 for each in sent)
        assert within <= 2 * rate + 2
    assert len(sent) <= (seconds.now + 1) * rate + 1


def test_an_account_is_asked_once_in_ten_minutes_and_a_rate_that_is_not_known_delays_nobody() -> None:
    asked: list[float] = []
    seconds = Seconds()

    def read() -> float | None:
        asked.append(seconds.now)
        return None

    limit = SendRate(read, monotonic=seconds, wait=seconds.wait)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: limit.wait_for_turn(), range(20)))
    assert (asked, seconds.now) == ([0.0], 0.0)
    seconds.now = 601
    limit.wait_for_turn()
    assert asked == [0.0, 601]
