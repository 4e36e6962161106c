"""Instants as text: RFC 3339 as CloudEvents has it, strictly, and the forms of tables and databases turned into it."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

from signtally.domain.dead_letters import DeadLetterReason
from signtally.domain.events import BadEventError

FUTURE_LIMIT = dt.timedelta(minutes=15)
EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)

_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(?:\.[0-9]+)?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)
# ISO 8601 with a blank instead of the T, and an offset of hours alone or without a colon: what SQL databases print.
_SQL_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ Tt]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)"
    r"(?: ?(?:([Zz]|UTC)|([+-][0-9]{2})(?::?([0-9]{2}))?))?"
)
_SECONDS = slice(17, 19)
_LEAP_MINUTES = ("06-30T23:59", "12-31T23:59")  # the only minutes of UTC that ever had a 61st second
_SHOWN_CHARACTERS = 80


def event_time(text: str, *, latest: dt.datetime) -> dt.datetime:
    """The instant in UTC. Raises BadEventError when it is before 2000 or after *latest*, or not RFC 3339."""
    instant = parse_time(text)
    if instant > latest:
        raise BadEventError(DeadLetterReason.TIME_AHEAD, f"time {text} is more than 15 minutes ahead")
    if instant < EARLIEST:
        raise BadEventError(DeadLetterReason.TIME_BEFORE_2000, f"time {text} is before 2000")
    return instant


def parse_time(text: str) -> dt.datetime:
    """The instant in UTC, digits behind the microsecond cut off. Raises BadEventError for what is not RFC 3339."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        detail = f"time {text[:_SHOWN_CHARACTERS]!r} is not RFC 3339, such as 2026-10-03T12:34:56.789Z"
        raise BadEventError(DeadLetterReason.TIME, detail)
    seconds, offset = match.groups()
    if offset is None:
        raise BadEventError(DeadLetterReason.TIME_WITHOUT_OFFSET, f"time {text} does not say its offset from UTC")
    try:
        if seconds == "60":
            return _leap_second(text)
        instant = dt.datetime.fromisoformat(text if offset != "z" and text[10] == "T" else text.upper())
        return instant if instant.tzinfo is dt.UTC else instant.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise BadEventError(DeadLetterReason.TIME, f"time {text} does not exist: {error}") from None


def rfc3339(text: str, *, zone: ZoneInfo | None) -> str:
    """The same instant in RFC 3339, local times read in *zone*; text that is no time is returned as it is.

    A local time that comes twice, when clocks go back, means the first one.
    """
    match = _SQL_TIME.fullmatch(text)
    if match is None:
        return text
    day, time, utc, hours, minutes = match.groups()
    if utc is not None:
        return f"{day}T{time}Z"
    if hours is not None:
        return f"{day}T{time}{hours}:{minutes or '00'}"
    local = f"{day}T{time}"
    return local if zone is None else _in_zone(local, zone) or local


def _leap_second(text: str) -> dt.datetime:
    """Python's clock has none: the last microsecond before midnight is the nearest instant of the same day."""
    before = f"{text[: _SECONDS.start]}59{text[_SECONDS.stop :]}".upper()
    instant = dt.datetime.fromisoformat(before).astimezone(dt.UTC).replace(microsecond=999_999)
    if f"{instant:%m-%dT%H:%M}" not in _LEAP_MINUTES:
        raise ValueError("no leap second was ever there")
    return instant


def _in_zone(local: str, zone: ZoneInfo) -> str | None:
    try:
        instant = dt.datetime.fromisoformat(local).replace(tzinfo=zone)
        was_skipped = instant.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != instant.replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None  # no such day or hour
    return None if was_skipped else instant.isoformat()  # no clock there ever showed it
