"""Names of time zones that somebody wrote, checked."""

import functools
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator

_NO_ZONES = {"localtime", "Factory"}  # what a machine was set to, and that it was set to nothing


@functools.cache
def _known_names() -> frozenset[str]:
    """Listed once: it takes milliseconds each time, and a catalogue holds thousands of profiles."""
    return frozenset(available_timezones()) - _NO_ZONES


def _checked(name: str) -> str:
    if name not in _known_names():
        raise ValueError(f"{name!r} is no IANA time zone; write one such as Europe/Berlin, Asia/Kathmandu or UTC")
    return name


ZoneName = Annotated[str, AfterValidator(_checked)]
