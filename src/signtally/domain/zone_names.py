"""Names of time zones that somebody wrote, checked."""

import functools
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator

from signtally.domain.invalid_values import invalid_value

_EXAMPLES = ("Europe/Berlin", "Asia/Kathmandu or UTC")
_MOST_MEANT, _LEAST_TO_FIND = 5, 3
_NO_ZONES = {"localtime", "Factory"}  # what a machine was set to, and that it was set to nothing


@functools.cache
def _known_names() -> frozenset[str]:
    """Listed once: it takes milliseconds each time, and a catalogue holds thousands of profiles."""
    return frozenset(available_timezones()) - _NO_ZONES


def _checked(name: str) -> str:
    if name not in _known_names():
        meant = zones_like(name)
        advice = f"write one such as {', '.join(meant or _EXAMPLES)}"
        raise invalid_value("zone", f"{name!r} is no IANA time zone; {advice}", zone=name, suggestions=meant)
    return name


def zones_like(text: str) -> list[str]:
    """The zones whose city somebody may mean, at most a few: `berlin` is Europe/Berlin."""
    city = text.strip().casefold().replace(" ", "_").rpartition("/")[2]
    places = sorted(
        name for name in _known_names() if "/" in name and not name.startswith(("posix/", "right/", "Etc/"))
    )
    exact = [name for name in places if name.rpartition("/")[2].casefold() == city]
    return (exact or [name for name in places if len(city) >= _LEAST_TO_FIND and city in name.casefold()])[:_MOST_MEANT]


ZoneName = Annotated[str, AfterValidator(_checked)]
