"""Totals beside pages of users: those who read on are told what the page before told, and wait for their rows alone."""

import collections
import datetime as dt
import threading

from signtally.domain.periods import Period
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.use_cases.figures import read_totals

_STAND = dt.timedelta(seconds=30)
_MOST_KEPT = 200  # each some KB; of a year 60


class RecentTotals:
    """Of one process; thread-safe."""

    def __init__(self) -> None:
        self._kept: collections.OrderedDict[tuple[object, ...], UsageSnapshot] = collections.OrderedDict()
        self._lock = threading.Lock()

    def read(
        self,
        tenant: TenantProfile,
        period: Period,
        *,
        services: Services,
        user_ids: tuple[str, ...] | None,
        follows: bool,
    ) -> UsageSnapshot:
        """What `read_totals` answers; for a page that *follows* another, what it answered within half a minute."""
        now = services.clock()
        about = (tenant.tenant_id, tenant.timezone, tenant.today(now), period, user_ids)
        with self._lock:
            kept = self._kept.get(about) if follows else None
        if kept is not None and now - kept.taken_at <= _STAND:
            return kept
        totals = read_totals(tenant, period, services=services, user_ids=user_ids)
        with self._lock:
            self._kept[about] = totals
            self._kept.move_to_end(about)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return totals
