"""Tenants that move: every day of theirs is counted again in the new zone, whoever changed the profile and how.

Days are counted in the zone that `stores.counted_zones` notes for a tenant, never in another that its profile has got
meanwhile: that one takes effect by a move, which recounts the whole tenant. Runs that overlap look at the notes again
once they have counted, and a tenant that another run took elsewhere is counted once more.
"""

import datetime as dt
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import polars as pl

from signtally.domain.periods import EARLIEST_DAY, Period, period_between
from signtally.domain.restatements import RestatementReason
from signtally.domain.shards import EVERYBODY, Shard
from signtally.domain.time_units import ONE_DAY
from signtally.ports.errors import ServiceUnavailableError
from signtally.services import Services
from signtally.stores.counted_zones import CountedZone, CountedZones, Entries
from signtally.stores.tenants import DEFAULT_ZONE
from signtally.stores.touched_hours import TouchedHours
from signtally.use_cases.aggregating.noted_events import NotedEvents
from signtally.use_cases.aggregating.restating import AggregationOutcome, restate
from signtally.use_cases.aggregating.tenant_days import Calendars, blocks

_log = logging.getLogger(__name__)
_ATTEMPTS = 5
_TENANTS_A_MOVE = 500  # of whom a list of the days with events is held in memory
_MOVE_DAYS = 52 * 7  # of that list, as days to count
_SEARCH_DAYS = 14  # of all tenants, whose days are held in memory
_EMPTY_SEARCH_DAYS = 16 * _SEARCH_DAYS


class CountingZones:
    """The zones in which one run counts; those that were asked for have to stand still meanwhile."""

    def __init__(
        self,
        zones: CountedZones,
        entries: Entries | None,
        *,
        profiles: Mapping[str, str],
        recounted: Collection[str],
    ) -> None:
        self.recounted = recounted  # tenants of which this very run has counted every day just now
        self._zones = zones
        self._entries = entries
        self._profiles = profiles
        self._used: dict[str, str] = {}

    def of(self, tenant_ids: Iterable[str]) -> dict[str, str]:
        """The zone of each, noted before anything is counted in it."""
        wanted = list(tenant_ids)
        if self._entries is not None and not self._entries.keys() >= set(wanted):
            self._zones.enter({each: self._of_profile(each) for each in wanted})
            self._entries = self._zones.read()
        zones = {each: self._noted(each) or self._of_profile(each) for each in wanted}
        self._used |= zones
        return zones

    def stood(self) -> bool:
        """Whether nobody moved elsewhere meanwhile; where there are no notes yet, all will be recounted anyway."""
        if self._entries is None:
            return self._zones.read() is None
        return not self._used or self._zones.verify(self._used)

    def _noted(self, tenant_id: str) -> str | None:
        noted = (self._entries or {}).get(tenant_id)
        return noted.zone if noted is not None and noted.is_known else None

    def _of_profile(self, tenant_id: str) -> str:
        return self._profiles.get(tenant_id, DEFAULT_ZONE)


def count_where_tenants_live(
    count: Callable[[CountingZones], AggregationOutcome],
    *,
    services: Services,
    tenant_ids: Collection[str] | None = None,
    shard: Shard = EVERYBODY,
    noted: NotedEvents | None = None,
) -> AggregationOutcome:
    """Move the tenants that are due, of all, a shard or some, then *count* in the zones that they live in. Idempotent.

    Where the rows are lost, or the notes of what was touched, or the zones in which tenants were counted, a run over
    *noted* events recounts every tenant with events; another counts in the zones of the profiles, and no more.
    """
    zones = services.stores.counted_zones(generation=services.usage_store.usage_generation())
    notes = services.stores.touched_hours
    done: list[AggregationOutcome] = []
    for _ in range(_ATTEMPTS):
        profiles = _profile_zones(tenant_ids, services=services)
        entries = zones.read()
        if noted is not None and (entries is None or not notes.is_initialised()):
            entries = _begin(zones, notes, services=services)
        due = _due(entries, profiles, tenant_ids=tenant_ids, shard=shard)
        if due:
            done += _move(due, zones, entries=entries or {}, services=services, noted=noted)
            if not zones.verify(due):
                continue  # another run has taken some of them elsewhere
            entries = zones.read()
        counting = CountingZones(zones, entries, profiles=profiles, recounted=due)
        done.append(count(counting))
        if counting.stood():
            return AggregationOutcome.total(done)
    raise ServiceUnavailableError(
        f"tenants moved to other zones {_ATTEMPTS} times while their days were counted: the next run goes on from here"
    )


def every_day(services: Services) -> Period:
    """All days that may have events: from the oldest that are kept to later than any zone's date, and any event's."""
    last = services.clock().date() + dt.timedelta(days=2)
    oldest = last - dt.timedelta(days=services.settings.magnetic_retention_days)
    return period_between(max(EARLIEST_DAY, oldest), last)


def event_days(days: Period, *, tenant_ids: Sequence[str] | None, services: Services) -> pl.DataFrame:
    """The days of UTC with events that may belong to these local days, in whatever zone."""
    return services.usage_store.days_with_events(
        since=_utc_midnight(days.first - ONE_DAY),
        until=_utc_midnight(days.last + dt.timedelta(days=2)),
        tenant_ids=tenant_ids,
    )


def _profile_zones(tenant_ids: Collection[str] | None, *, services: Services) -> dict[str, str]:
    tenants = services.stores.tenants
    return tenants.zones() if tenant_ids is None else {each: tenants.get(each).timezone for each in tenant_ids}


def _begin(zones: CountedZones, notes: TouchedHours, *, services: Services) -> Entries | None:
    """The notes begin last: a crash before that has all counted once more."""
    services.stores.unread_rows.forget_others(generation=services.usage_store.usage_generation())
    services.stores.provisional.clear_orphans(notes.names())
    zones.begin(tenant_ids := _tenants_with_events(services), again=not notes.is_initialised())
    notes.initialise()
    _log.info("what was counted, or in which zones, is not known: counting all of %d tenants", len(tenant_ids))
    return zones.read()


def _due(
    entries: Entries | None, profiles: Mapping[str, str], *, tenant_ids: Collection[str] | None, shard: Shard
) -> dict[str, str]:
    """The tenants whose days do not all stand in the zone of their profile, with that zone."""
    noted = entries or {}
    asked = noted if tenant_ids is None else {each: noted[each] for each in tenant_ids if each in noted}
    return {
        each: lived_in
        for each, entry in asked.items()
        if shard.holds(each) and entry != CountedZone(lived_in := profiles.get(each, DEFAULT_ZONE))
    }


def _move(
    due: Mapping[str, str], zones: CountedZones, *, entries: Entries, services: Services, noted: NotedEvents | None
) -> Iterator[AggregationOutcome]:
    """Recount tenants in their new zones, some at a time, so that a run that breaks off has not worked in vain."""
    tenant_ids = sorted(due)
    for offset in range(0, len(tenant_ids), _TENANTS_A_MOVE):
        some = tenant_ids[offset : offset + _TENANTS_A_MOVE]
        moves = zones.begin_move({tenant_id: due[tenant_id] for tenant_id in some})
        reasons = {each: _reason(entries[each]) for each in some}
        yield from _recount(reasons, Calendars(due), services=services, noted=noted)
        zones.finish_move(moves)
        _log.info("counted every day of %d tenants in the zones of their profiles, %s first", len(some), some[0])


def _recount(
    reasons: Mapping[str, RestatementReason], calendars: Calendars, *, services: Services, noted: NotedEvents | None
) -> Iterator[AggregationOutcome]:
    """Every day of the tenants that there are *reasons* for."""
    tenant_ids = sorted(reasons)
    found = event_days(every_day(services), tenant_ids=tenant_ids, services=services)
    oldest, newest = found["utc_day"].min(), found["utc_day"].max()
    if not isinstance(oldest, dt.date) or not isinstance(newest, dt.date):
        return  # there is nothing to count
    for block in blocks(period_between(oldest - ONE_DAY, newest + ONE_DAY), days=_MOVE_DAYS):
        near = found.filter(pl.col("utc_day").is_between(block.first - ONE_DAY, block.last + ONE_DAY))
        days = calendars.days_near(near, within=block)
        yield restate(days, reason=reasons, services=services, noted=noted)


def _reason(entry: CountedZone) -> RestatementReason:
    """A tenant of which nothing is known any more has not moved."""
    return RestatementReason.TIME_ZONE if entry.is_known else RestatementReason.RECOUNT


def _tenants_with_events(services: Services) -> set[str]:
    """Looks back from today, in longer steps where there is nothing."""
    found: set[str] = set()
    span = every_day(services)
    last, days = span.last, _SEARCH_DAYS
    while last >= span.first:
        first = max(span.first, last - dt.timedelta(days=days - 1))
        tenants = event_days(period_between(first, last), tenant_ids=None, services=services)["tenant_id"]
        days = _SEARCH_DAYS if len(tenants) else min(2 * days, _EMPTY_SEARCH_DAYS)
        found.update(tenants.unique())
        last = first - ONE_DAY
    return found


def _utc_midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, tzinfo=dt.UTC)
