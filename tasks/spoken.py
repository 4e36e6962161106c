"""Durations for operators."""

import datetime as dt


def spoken(duration: dt.timedelta | None) -> str:
    """To the second, as `0:01:05` or `2 days, 0:01:05`."""
    return "–" if duration is None else str(dt.timedelta(seconds=round(duration.total_seconds())))
