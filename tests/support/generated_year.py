"""A year of events in many zones with everything that can go wrong, and what a reader without our code makes of it.

Nothing of the product is imported: the count is plain Python over dictionaries. Ten million take about 5 GB.
"""

import csv
import dataclasses
import datetime as dt
import functools
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

ZONES = (
    "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "Europe/Lisbon", "Europe/Helsinki", "Europe/Istanbul",
    "Europe/Moscow", "Europe/Chisinau", "Africa/Casablanca", "Africa/Cairo", "Africa/Johannesburg", "Africa/El_Aaiun",
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "America/Halifax", "America/St_Johns", "America/Sao_Paulo", "America/Santiago",
    "America/Asuncion", "America/Havana", "America/Caracas", "America/Mexico_City", "America/Nuuk", "Asia/Kathmandu",
    "Asia/Kolkata", "Asia/Tehran", "Asia/Kabul", "Asia/Beirut", "Asia/Jerusalem", "Asia/Gaza", "Asia/Dubai",
    "Asia/Tokyo", "Asia/Shanghai", "Asia/Yangon", "Asia/Pyongyang", "Australia/Sydney", "Australia/Adelaide",
    "Australia/Lord_Howe", "Australia/Eucla", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Apia",
    "Pacific/Kiritimati", "Pacific/Marquesas", "Pacific/Norfolk", "Pacific/Pago_Pago", "Antarctica/Troll",
)  # fmt: skip
ACTIONS = {
    "document.sent": "sent",
    "request.received": "received",
    "document.viewed": "viewed",
    "document.signed": "signed",
    "document.completed": "completed",
    "request.declined": "declined",
    "document.cancelled": "cancelled",
    "document.expired": "expired",
}
_ACTION_TYPES = [*ACTIONS]
_DOCUMENTS = [f"d{number}" for number in range(50_000)]
_SHARE_IMPORTED, _SHARE_OLD = 0.6, 0.1
_SENT_AGAIN, _OTHER_TIME, _OTHER_USER = 0.03, 0.01, 0.003
_APIA_SKIPPED = dt.datetime(2011, 12, 30, 10, tzinfo=dt.UTC)  # 30 December 2011 never was there
_MICROSECOND, _HOUR, _DAY = dt.timedelta(microseconds=1), dt.timedelta(hours=1), dt.timedelta(days=1)

Row = tuple[str, str, dt.date]  # tenant, user, local day
Figures = dict[Row, Counter[str]]


class Event(NamedTuple):
    """As a line of history has it; millions are held at a time, so that what they share is one object."""

    id: str
    source: str
    type: str
    time: str
    tenant_id: str
    user_id: str
    document_id: str
    user_email: str
    user_name: str


@dataclasses.dataclass(frozen=True)
class GeneratedYear:
    """*imported* comes first, then *first_wave*, then *second_wave*: who comes first under an id counts."""

    zones: dict[str, str]  # by tenant
    imported: list[Event]
    first_wave: list[Event]
    second_wave: list[Event]

    def figures(self) -> Figures:
        """The first of every id, on the day that its tenant had."""
        homes = {tenant_id: ZoneInfo(zone) for tenant_id, zone in self.zones.items()}
        figures: Figures = defaultdict(Counter)
        seen: set[str] = set()
        for event in itertools.chain(self.imported, self.first_wave, self.second_wave):
            if event.id not in seen:
                seen.add(event.id)
                day = dt.datetime.fromisoformat(event.time).astimezone(homes[event.tenant_id]).date()
                figures[event.tenant_id, event.user_id, day][ACTIONS[event.type]] += 1
        return dict(figures)

    def write_history(self, path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(Event._fields)
            table.writerows(self.imported)


def generate(events: int, *, seed: int, until: dt.datetime) -> GeneratedYear:
    """About *events* distinct events up to *until* (aware, UTC); the same for the same seed and end."""
    rng = random.Random(seed)  # noqa: S311 -- sample data
    zones = {f"tenant {number:03}": zone for number, zone in enumerate(ZONES * 2)}
    tenants, changes = list(zones), {zone: _clock_changes(zone, until) for zone in ZONES}
    made = []
    for number in range(events):
        tenant_id = rng.choice(tenants)
        instant = _instant(rng, zones[tenant_id], changes[zones[tenant_id]], until=until)
        made.append(_event(rng, number, tenant_id, instant))
    cut = round(events * _SHARE_IMPORTED)
    imported, first_wave = made[:cut], made[cut:]
    second_wave = [again for event in made for again in _again(rng, event, until=until)]
    for wave in (imported, first_wave, second_wave):
        rng.shuffle(wave)  # what happened first need not arrive first: some of it is late by months
    return GeneratedYear(zones, imported, first_wave, second_wave)


def _event(rng: random.Random, number: int, tenant_id: str, instant: dt.datetime) -> Event:
    user, action, document = rng.randrange(6), rng.choice(_ACTION_TYPES), rng.choice(_DOCUMENTS)
    time, person = instant.isoformat(), _person(tenant_id, user)
    return Event(f"e{number}", "/portal/documents", action, time, tenant_id, person[0], document, *person[1:])


@functools.cache
def _person(tenant_id: str, user: int) -> tuple[str, str, str]:
    return f"user {user}", f"user{user}@{tenant_id.replace(' ', '')}.example", f"User {user}"


def _again(rng: random.Random, event: Event, *, until: dt.datetime) -> Iterator[Event]:
    """What the portal sends a second time: the same, or with one thing changed that makes another record."""
    dice = rng.random()
    if dice < _SENT_AGAIN:
        yield event
    elif dice < _SENT_AGAIN + _OTHER_TIME:
        instant = dt.datetime.fromisoformat(event.time)
        moved = instant + rng.choice([-9 * _DAY, -_HOUR, _MICROSECOND, _HOUR, 2 * _DAY])
        yield event._replace(time=min(moved, until).isoformat())
    elif dice < _SENT_AGAIN + _OTHER_TIME + _OTHER_USER:
        yield event._replace(user_id="somebody else")


def _instant(rng: random.Random, zone: str, changes: list[dt.datetime], *, until: dt.datetime) -> dt.datetime:
    """Anywhere in the year, and more often where days are easily told wrong."""
    dice = rng.random()
    if dice < _SHARE_OLD:
        return _old(rng, zone, until)
    if dice < 0.3:
        day = (until - _DAY * rng.randrange(1, 364)).date()
        midnight = dt.datetime.combine(day, dt.time.min, tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)
        return midnight + rng.choice([-_MICROSECOND, 0 * _MICROSECOND, _MICROSECOND, _HOUR / 7, -_HOUR / 3])
    if dice < 0.4 and changes:
        return rng.choice(changes) + _MICROSECOND * rng.randrange(-10_000_000_000, 10_000_000_000)
    return until - _MICROSECOND * rng.randrange(365 * 24 * 3600 * 10**6)


def _old(rng: random.Random, zone: str, until: dt.datetime) -> dt.datetime:
    """From years back, as an import brings it."""
    if zone == "Pacific/Apia" and rng.random() < 0.5:
        return _APIA_SKIPPED + _MICROSECOND * rng.randrange(-2 * 10**11, 2 * 10**11)
    return until - _DAY * rng.randrange(366, 3_600) - _MICROSECOND * rng.randrange(86_400 * 10**6)


def _clock_changes(zone: str, until: dt.datetime) -> list[dt.datetime]:
    """The hours of the last year after which the zone's offset is another."""
    hours = [until.replace(minute=0, second=0, microsecond=0) - _HOUR * back for back in range(365 * 24)]
    offsets = {hour: hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours}
    return [hour for hour in hours[:-1] if offsets[hour] != offsets[hour - _HOUR]]
