"""Whether an occurrence's figures are complete, and what it waits for if not."""

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping

from signtally.domain.periods import end_of_day
from signtally.domain.schedules import Occurrence
from signtally.services import Services
from signtally.stores.counted_zones import CountedZone
from signtally.use_cases.figures import provisional_days


@dataclasses.dataclass(frozen=True, slots=True)
class Unready:
    """What an occurrence waits for, in words; *is_overdue* once it has waited for SIGNTALLY_DIGEST_PATIENCE.

    It has waited since it was due; for a zone move that came later, since the recount began.
    """

    reason: str
    is_overdue: bool


class Readiness:
    """Looks at what a run needs to know once, and only when something is due; *as_of* is the run's instant."""

    def __init__(self, *, services: Services, as_of: dt.datetime) -> None:
        self._services = services
        self._as_of = as_of

    def unready(self, occurrence: Occurrence) -> Unready | None:
        """None when every figure of the occurrence's period is final. Raises a ServiceError."""
        if reason := self._lacks_events(occurrence):
            return self._waits(reason, since=occurrence.due_at)
        if reason := self._moves(occurrence):
            return self._waits(reason, since=max(occurrence.due_at, self._moved_at(occurrence)))
        if days := provisional_days(occurrence.tenant, occurrence.period, services=self._services):
            return self._waits(f"events of {days[0]} are stored and cannot be read yet", since=occurrence.due_at)
        return None

    def _waits(self, reason: str, *, since: dt.datetime) -> Unready:
        return Unready(reason, is_overdue=self._as_of - since >= self._services.settings.digest_patience)

    def _lacks_events(self, occurrence: Occurrence) -> str:
        tenant, period = occurrence.tenant, occurrence.period
        ends_at = end_of_day(period.last, tenant.zone)
        if self._data_through is None or self._data_through < ends_at:
            so_far = "nothing yet" if self._data_through is None else f"{self._data_through:%Y-%m-%dT%H:%M:%SZ}"
            return f"events up to {ends_at:%Y-%m-%dT%H:%M:%SZ} are not all counted (data through: {so_far})"
        return ""

    def _moves(self, occurrence: Occurrence) -> str:
        tenant = occurrence.tenant
        zone = self._counted_zones.get(tenant.tenant_id)
        if zone is not None and (zone.move is not None or zone.zone != tenant.timezone):
            return f"the tenant's days are being counted again in {tenant.timezone}"
        return ""

    def _moved_at(self, occurrence: Occurrence) -> dt.datetime:
        """When its tenant's move began: what was due before is not late because of it.

        Before the recount begins, within minutes, that is when the profile was stored last; later edits of it do not
        count.
        """
        tenant, stored_at = occurrence.tenant, self._services.stores.tenants.stored_at
        zone = self._counted_zones[tenant.tenant_id]
        began_at = zone.moving_since if zone.zone == tenant.timezone else None
        return began_at or stored_at(tenant.tenant_id) or occurrence.due_at

    @functools.cached_property
    def _data_through(self) -> dt.datetime | None:
        return self._services.stores.watermarks.data_through()

    @functools.cached_property
    def _counted_zones(self) -> Mapping[str, CountedZone]:
        generation = self._services.usage_store.usage_generation()
        return self._services.stores.counted_zones(generation=generation).read() or {}
