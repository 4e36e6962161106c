"""How many emails of the last days came back."""

import datetime as dt

import pytest

from signtally.memory.objects import MemoryObjectStore
from signtally.stores.mail_rates import MailCount, MailRates

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def test_the_last_two_days_count() -> None:
    rates = MailRates(MemoryObjectStore())
    assert rates.add(MailCount(sent=10), now=NOW - 3 * DAY) == MailCount(10)
    assert rates.add(MailCount(sent=30), now=NOW - DAY) == MailCount(30)
    assert rates.add(MailCount(returned=3), now=NOW) == MailCount(30, 3)
    assert rates.add(MailCount(sent=30), now=NOW).share == pytest.approx(0.05)
    assert MailCount(returned=1).share == 0
