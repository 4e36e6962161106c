"""Occurrences that were found due and are not done: they wait for complete figures, or their sending broke off."""

import dataclasses
import datetime as dt
from collections.abc import Collection

from signtally.domain.deliveries import DeliveryKey
from signtally.domain.schedules import Occurrence, delivered_period, occurrence_of
from signtally.stores.all_stores import Stores


def unfinished(
    newest: Occurrence, *, waiting: Collection[str], begun: Collection[str], stores: Stores
) -> list[Occurrence]:
    """Those of the schedule of *newest*, oldest first, by their names in the ledger; none that was sent by hand alone.

    Each is due when the ledger says, where the calendar of now is not the one by which it was found due.
    """
    found_at = {name: _begun_at(_key(newest, name), stores=stores) for name in {*begun} - {*waiting}}
    names = [*waiting, *(name for name, at in found_at.items() if at is not None)]
    found = []
    for name in names:
        period = delivered_period(name, week_starts_on=newest.tenant.first_weekday)
        if period is None:
            continue
        occurrence = occurrence_of(newest.tenant, newest.schedule, period)
        if _calendar_has_moved(occurrence):
            at = found_at[name] if name in found_at else stores.deliveries.waiting_since(_key(newest, name))
            occurrence = dataclasses.replace(occurrence, due_at=at or occurrence.due_at)
        found.append(occurrence)
    return sorted(found, key=lambda each: each.period.last)


def _key(newest: Occurrence, name: str) -> DeliveryKey:
    return DeliveryKey(newest.tenant.tenant_id, newest.schedule.name, name)


def _begun_at(key: DeliveryKey, *, stores: Stores) -> dt.datetime | None:
    """When somebody's email was first tried because it was due; None when none was."""
    scheduled = (each for _, each in stores.mail_deliveries.of(key) if not each.by_hand)
    first = next(scheduled, None)
    return None if first is None else first.first_tried_at or first.at


def _calendar_has_moved(occurrence: Occurrence) -> bool:
    """Perhaps: by that of now it has other days, or would have been due before the schedule starts."""
    starts_at = occurrence.schedule.starts_at
    if occurrence.period.kind is not occurrence.schedule.kind:
        return True
    return starts_at is not None and occurrence.due_at < starts_at
