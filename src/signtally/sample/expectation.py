"""What must be found in the product after the sample traffic went through it, counted here beside the sender.

The file that `signtally emit --expect` writes, one JSON object:

    {"since", "until":       instants between which all good events happened
     "messages":             SQS messages sent
     "events_sent":          good events sent, duplicates included = distinct_events + duplicates
     "distinct_events":      what must be stored
     "duplicates":           good events whose source and id had been sent before
     "late_events":          those among the distinct events that arrived last, days after their time
     "dead_letters":         {reason: number}, what must be among the dead letters
     "tenants": {tenant_id: {
         "timezone":         the zone of the days below: the profile's, UTC for a tenant without one
         "totals":           {"sent", "received", … all eight}
         "users": {user_id: {
             "name", "email": those of the user's latest event that had them (first sends only), or null
             "days": {"2026-10-03": {all eight}, …}}}}}}     days with any action
"""

import dataclasses
import datetime as dt
import functools
import json
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

from signtally.sample.plan import TrafficPlan
from signtally.sample.portal_events import EVENT_TYPES, PortalEvent
from signtally.saved_files import saving

_ACTIONS = tuple(EVENT_TYPES)
_zone = functools.cache(ZoneInfo)


@dataclasses.dataclass(slots=True)
class _User:
    name: str | None = None
    named_at: dt.datetime | None = None
    email: str | None = None
    days: dict[dt.date, list[int]] = dataclasses.field(default_factory=dict)

    def count(self, event: PortalEvent, day: dt.date) -> None:
        self.days.setdefault(day, [0] * len(_ACTIONS))[_ACTIONS.index(event.action)] += 1
        if event.user_name is not None and (self.named_at is None or event.occurred_at >= self.named_at):
            self.name, self.named_at = event.user_name, event.occurred_at
        self.email = event.user_email or self.email


class Expectation:
    """Counted by hand: a dictionary and `zoneinfo`, nothing of what the product counts with."""

    def __init__(self) -> None:
        self.distinct_events = self.duplicates = self.late_events = self.messages = 0
        self.dead_letters: Counter[str] = Counter()
        self._zones: dict[str, str] = {}
        self._users: dict[str, dict[str, _User]] = {}

    @property
    def tenants(self) -> int:
        return len(self._users)

    def count(self, event: PortalEvent) -> None:
        tenant = event.tenant
        self.distinct_events += 1
        self._zones[tenant.tenant_id] = tenant.counted_in
        day = event.occurred_at.astimezone(_zone(tenant.counted_in)).date()
        user = self._users.setdefault(tenant.tenant_id, {}).setdefault(event.user_id, _User())
        user.count(event, day)

    def write(self, file: Path, plan: TrafficPlan) -> None:
        """Write the whole file or nothing."""
        with saving(file) as draft:
            draft.write(json.dumps(self.as_json(plan), ensure_ascii=False, indent=1).encode())

    def as_json(self, plan: TrafficPlan) -> dict[str, object]:
        return {
            "since": plan.window.since.isoformat(),
            "until": plan.window.until.isoformat(),
            "messages": self.messages,
            "events_sent": self.distinct_events + self.duplicates,
            "distinct_events": self.distinct_events,
            "duplicates": self.duplicates,
            "late_events": self.late_events,
            "dead_letters": dict(sorted(self.dead_letters.items())),
            "tenants": {tenant_id: self._tenant(tenant_id) for tenant_id in sorted(self._users)},
        }

    def _tenant(self, tenant_id: str) -> dict[str, object]:
        users = self._users[tenant_id]
        rows = [row for user in users.values() for row in user.days.values()]
        return {
            "timezone": self._zones[tenant_id],
            "totals": dict(zip(_ACTIONS, (sum(column) for column in zip(*rows, strict=True)), strict=True)),
            "users": {
                user_id: {
                    "name": user.name,
                    "email": user.email,
                    "days": {str(day): dict(zip(_ACTIONS, user.days[day], strict=True)) for day in sorted(user.days)},
                }
                for user_id, user in sorted(users.items())
            },
        }
