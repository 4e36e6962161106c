"""Whether an occurrence's figures are complete, and what it waits for if not."""

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping

from signtally.domain.periods import end_of_day
from signtally.domain.schedules import Occurrence
from signtally.services import Services
from signtally.stores.counted_zones import CountedZone
from signtally.use_cases.reading import provisional_days


@dataclasses.dataclass(frozen=True, slots=True)
class Unready:
    """What an occurrence waits for, in words; *is_overdue* once it has waited for SIGNTALLY_DIGEST_PATIENCE."""

    reason: str
    is_overdue: bool


class Readiness:
    """Looks at what a run needs to know once, and only when something is due; *as_of* is the run's instant."""

    def __init__(self, *, services: Services, as_of: dt.datetime) -> None:
        self._services = services
        self._as_of = as_of

    def unready(self, occurrence: Occurrence) -> Unready | None:
        """None when every figure of the occurrence's period is final. Raises a ServiceError."""
        if not (reason := self._reason(occurrence)):
            return None
        waited = self._as_of - occurrence.due_at
        return Unready(reason, is_overdue=waited >= self._services.settings.digest_patience)

    def _reason(self, occurrence: Occurrence) -> str:
        tenant, period = occurrence.tenant, occurrence.period
        ends_at = end_of_day(period.last, tenant.zone)
        if self._data_through is None or self._data_through < ends_at:
            so_far = "nothing yet" if self._data_through is None else f"{self._data_through:%Y-%m-%dT%H:%M:%SZ}"
            return f"events up to {ends_at:%Y-%m-%dT%H:%M:%SZ} are not all counted (data through: {so_far})"
        zone = self._counted_zones.get(tenant.tenant_id)
        if zone is not None and (zone.move is not None or zone.zone != tenant.timezone):
            return f"the tenant's days are being counted again in {tenant.timezone}"
        if days := provisional_days(tenant, period, services=self._services):
            return f"events of {days[0]} are stored and cannot be read yet"
        return ""

    @functools.cached_property
    def _data_through(self) -> dt.datetime | None:
        return self._services.stores.watermarks.data_through()

    @functools.cached_property
    def _counted_zones(self) -> Mapping[str, CountedZone]:
        generation = self._services.usage_store.usage_generation()
        return self._services.stores.counted_zones(generation=generation).read() or {}
