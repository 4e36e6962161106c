"""Lengths of time, and the instant from which Unix counts."""

import datetime as dt

MICROSECOND = dt.timedelta(microseconds=1)
MILLISECOND = dt.timedelta(milliseconds=1)
ONE_DAY = dt.timedelta(days=1)
UNIX_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
