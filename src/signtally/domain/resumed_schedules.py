"""From when on a schedule is sent whose profile is stored again as a whole."""

import datetime as dt
from collections.abc import Collection

from signtally.domain.schedule_terms import Schedule, schedule_named
from signtally.domain.tenants import TenantProfile


def going_on(
    profile: TenantProfile, *, before: TenantProfile, now: dt.datetime, delivered: Collection[str] = ()
) -> TenantProfile:
    """*profile* as it is to be stored in place of *before*; *delivered* are the schedules that the ledger knows.

    A schedule that does not say when it starts starts as before; *now*, where it is no longer paused, or is made again
    after it was deleted: what fell due meanwhile is left out.
    """
    schedules = tuple(
        _going_on(each, schedule_named(each.name, before.schedules), now, is_known=each.name in delivered)
        for each in profile.schedules
    )
    return profile if schedules == profile.schedules else profile.model_copy(update={"schedules": schedules})


def _going_on(schedule: Schedule, before: Schedule | None, now: dt.datetime, *, is_known: bool) -> Schedule:
    if "starts_at" in schedule.model_fields_set:
        return schedule
    if before is None:
        starts_at = now if is_known else None
    else:
        starts_at = now if before.paused and not schedule.paused else before.starts_at
    return schedule if starts_at is None else schedule.model_copy(update={"starts_at": starts_at})
