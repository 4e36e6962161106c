"""Tenants that move: every day of theirs is counted again in the new zone, whoever changed the profile and how.

Days are counted in the zone that `stores.counted_zones` holds for a tenant, never in another that its profile has got
meanwhile: that one takes effect by a move, which recounts the whole tenant. Runs that overlap verify the zones
once they have counted, and a tenant that another run took elsewhere is counted once more.
"""

import datetime as dt
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import polars as pl

from signtally.domain.counted import counted
from signtally.domain.periods import EARLIEST_DAY, Period, period_between
from signtally.domain.restatements import RestatementReason
from signtally.domain.shards import ALL_TENANTS, Shard
from signtally.domain.time_units import ONE_DAY
from signtally.ports.errors import ServiceUnavailableError
from signtally.services import Services
from signtally.stores.counted_zones import CountedZone, CountedZones, Entries
from signtally.stores.tenants import DEFAULT_ZONE
from signtally.stores.touched_hours import TouchedHours
from signtally.use_cases.aggregating.read_back import ReadBackCheck
from signtally.use_cases.aggregating.restating import AggregationOutcome, restate
from signtally.use_cases.aggregating.tenant_days import Calendars, blocks

_log = logging.getLogger(__name__)
_MAX_ATTEMPTS = 5
_TENANTS_PER_MOVE = 500  # whose days with events are listed in memory
_MOVE_BLOCK_DAYS = 52 * 7  # of that list that are counted in one go
_SEARCH_DAYS = 14  # in one query for the tenants with events
_MAX_SEARCH_DAYS = 16 * _SEARCH_DAYS  # while nothing is found


class CountingZones:
    """The zone in which one run counts each tenant; `still_valid` says whether another run moved any of them since."""

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
        """Zone by tenant id; a tenant that was never counted is entered in the counted zones first."""
        wanted = list(tenant_ids)
        if self._entries is not None and not self._entries.keys() >= set(wanted):
            self._zones.enter({each: self._of_profile(each) for each in wanted})
            self._entries = self._zones.read()
        zones = {each: self._counted_in(each) or self._of_profile(each) for each in wanted}
        self._used |= zones
        return zones

    def still_valid(self) -> bool:
        """Whether the zones that were handed out still apply; without stored zones all tenants are recounted anyway."""
        if self._entries is None:
            return self._zones.read() is None
        return not self._used or self._zones.verify(self._used)

    def _counted_in(self, tenant_id: str) -> str | None:
        entry = (self._entries or {}).get(tenant_id)
        return entry.zone if entry is not None and entry.is_known else None

    def _of_profile(self, tenant_id: str) -> str:
        return self._profiles.get(tenant_id, DEFAULT_ZONE)


def count_in_current_zones(
    count: Callable[[CountingZones], AggregationOutcome],
    *,
    services: Services,
    tenant_ids: Collection[str] | None = None,
    shard: Shard = ALL_TENANTS,
    read_back: ReadBackCheck | None = None,
) -> AggregationOutcome:
    """Move tenants whose zone has changed, then call *count* with the zones that apply. Idempotent.

    Covers all tenants, those of a *shard*, or *tenant_ids*. When the rows, the touched batches or the counted
    zones are lost, a run with *read_back* recounts every tenant with events; one without counts in the zones of the
    profiles. Raises ServiceUnavailableError when other runs kept moving the same tenants, and other ServiceErrors.
    """
    zones = services.stores.counted_zones(generation=services.usage_store.usage_generation())
    touched_hours = services.stores.touched_hours
    done: list[AggregationOutcome] = []
    for _ in range(_MAX_ATTEMPTS):
        profiles = _profile_zones(tenant_ids, services=services)
        entries = zones.read()
        if read_back is not None and (entries is None or not touched_hours.is_initialised()):
            entries = _begin(zones, touched_hours, services=services)
        due = _due(entries, profiles, tenant_ids=tenant_ids, shard=shard)
        if due:
            done += _move(due, zones, entries=entries or {}, services=services, read_back=read_back)
            if not zones.verify(due):
                continue  # another run has taken some of them elsewhere
            entries = zones.read()
        counting = CountingZones(zones, entries, profiles=profiles, recounted=due)
        done.append(count(counting))
        if counting.still_valid():
            return AggregationOutcome.total(done)
    raise ServiceUnavailableError(
        f"tenants moved to other zones {_MAX_ATTEMPTS} times while their days were counted: the next run goes on here"
    )


def every_day(services: Services) -> Period:
    """All days that may have events: from the oldest that the store keeps to two days after today (UTC)."""
    last = services.clock().date() + dt.timedelta(days=2)
    oldest = last - dt.timedelta(days=services.settings.magnetic_retention_days)
    return period_between(max(EARLIEST_DAY, oldest), last)


def event_days(days: Period, *, tenant_ids: Sequence[str] | None, services: Services) -> pl.DataFrame:
    """UTC days with events that may fall on these local days in any zone, schema EVENT_DAYS."""
    return services.usage_store.days_with_events(
        since=_utc_midnight(days.first - ONE_DAY),
        until=_utc_midnight(days.last + dt.timedelta(days=2)),
        tenant_ids=tenant_ids,
    )


def has_events_before(day: dt.date, *, tenant_ids: Sequence[str] | None, services: Services) -> bool:
    """Whether there may be events on local days before *day* in any zone."""
    return services.usage_store.has_events(
        since=_utc_midnight(EARLIEST_DAY - ONE_DAY), until=_utc_midnight(day + ONE_DAY), tenant_ids=tenant_ids
    )


def _profile_zones(tenant_ids: Collection[str] | None, *, services: Services) -> dict[str, str]:
    tenants = services.stores.tenants
    return tenants.zones() if tenant_ids is None else {each: tenants.get(each).timezone for each in tenant_ids}


def _begin(zones: CountedZones, touched_hours: TouchedHours, *, services: Services) -> Entries | None:
    """Touched hours are initialised last: after a crash before that, everything is counted once more."""
    services.stores.unread_rows.forget_others(generation=services.usage_store.usage_generation())
    services.stores.provisional.clear_orphans(touched_hours.names())
    zones.begin(tenant_ids := _tenants_with_events(services), again=not touched_hours.is_initialised())
    touched_hours.initialise()
    _log.info(
        "what was counted, or in which zones, is not known: counting all of %s", counted(len(tenant_ids), "tenant")
    )
    return zones.read()


def _due(
    entries: Entries | None, profiles: Mapping[str, str], *, tenant_ids: Collection[str] | None, shard: Shard
) -> dict[str, str]:
    """Tenants with days that are not counted in the zone of their profile, with that zone."""
    known = entries or {}
    asked = known if tenant_ids is None else {each: known[each] for each in tenant_ids if each in known}
    return {
        each: lived_in
        for each, entry in asked.items()
        if shard.owns(each) and entry != CountedZone(lived_in := profiles.get(each, DEFAULT_ZONE))
    }


def _move(
    due: Mapping[str, str],
    zones: CountedZones,
    *,
    entries: Entries,
    services: Services,
    read_back: ReadBackCheck | None,
) -> Iterator[AggregationOutcome]:
    """Recount tenants in their new zones, some at a time, so that a run that breaks off has not worked in vain."""
    tenant_ids = sorted(due)
    for offset in range(0, len(tenant_ids), _TENANTS_PER_MOVE):
        some = tenant_ids[offset : offset + _TENANTS_PER_MOVE]
        moves = zones.begin_move({tenant_id: due[tenant_id] for tenant_id in some}, now=services.clock())
        reasons = {each: _reason(entries[each]) for each in some}
        yield from _recount(reasons, Calendars(due), services=services, read_back=read_back)
        zones.finish_move(moves)
        tenants = counted(len(some), "tenant")
        _log.info("counted every day of %s in the zones of their profiles, %s first", tenants, some[0])


def _recount(
    reasons: Mapping[str, RestatementReason],
    calendars: Calendars,
    *,
    services: Services,
    read_back: ReadBackCheck | None,
) -> Iterator[AggregationOutcome]:
    """Count every day with events of the tenants that *reasons* names."""
    tenant_ids = sorted(reasons)
    found = event_days(every_day(services), tenant_ids=tenant_ids, services=services)
    oldest, newest = found["utc_day"].min(), found["utc_day"].max()
    if not isinstance(oldest, dt.date) or not isinstance(newest, dt.date):
        return  # there is nothing to count
    for block in blocks(period_between(oldest - ONE_DAY, newest + ONE_DAY), days=_MOVE_BLOCK_DAYS):
        near = found.filter(pl.col("utc_day").is_between(block.first - ONE_DAY, block.last + ONE_DAY))
        days = calendars.days_near(near, within=block)
        yield restate(days, reason=reasons, services=services, read_back=read_back)


def _reason(entry: CountedZone) -> RestatementReason:
    """TIME_ZONE for a known move; RECOUNT when the zone that a tenant was counted in is lost."""
    return RestatementReason.TIME_ZONE if entry.is_known else RestatementReason.RECOUNT


def _tenants_with_events(services: Services) -> set[str]:
    """Every tenant with events. Searches back from today, in longer steps while it finds nothing, to the oldest."""
    found: set[str] = set()
    span = every_day(services)
    last, days = span.last, _SEARCH_DAYS
    while last >= span.first:
        first = max(span.first, last - dt.timedelta(days=days - 1))
        tenants = event_days(period_between(first, last), tenant_ids=None, services=services)["tenant_id"]
        days = _SEARCH_DAYS if len(tenants) else min(2 * days, _MAX_SEARCH_DAYS)
        found.update(tenants.unique())
        last = first - ONE_DAY
        if tenants.is_empty() and not has_events_before(first, tenant_ids=None, services=services):
            break
    return found


def _utc_midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, tzinfo=dt.UTC)
