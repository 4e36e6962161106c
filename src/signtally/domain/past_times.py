"""Times as tables and databases write them, in the form that events have: RFC 3339 with an offset."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

# ISO 8601 with a blank instead of the T, and an offset of hours alone or without a colon: what SQL databases print.
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ Tt]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)"
    r"(?: ?(?:([Zz]|UTC)|([+-][0-9]{2})(?::?([0-9]{2}))?))?"
)


def rfc3339(text: str, *, zone: ZoneInfo | None) -> str:
    """The same instant in RFC 3339, local times read in *zone*; what is no time stays what it is.

    Of a local time that comes twice when clocks go back, the first is meant.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return text
    day, time, utc, hours, minutes = match.groups()
    if utc is not None:
        return f"{day}T{time}Z"
    if hours is not None:
        return f"{day}T{time}{hours}:{minutes or '00'}"
    local = f"{day}T{time}"
    return local if zone is None else _in_zone(local, zone) or local


def _in_zone(local: str, zone: ZoneInfo) -> str | None:
    try:
        instant = dt.datetime.fromisoformat(local).replace(tzinfo=zone)
        was_skipped = instant.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != instant.replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None  # no such day or hour
    return None if was_skipped else instant.isoformat()  # no clock there ever showed it
