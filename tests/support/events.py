"""Events that say what a row of daily usage says: today is counted from these, whatever row is stored."""

import datetime as dt
from collections.abc import Mapping

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent


def happened(row: Mapping[str, object], *, at: dt.datetime) -> list[ReceivedEvent]:
    """As many events of each action as the row counts, all at one instant."""
    tenant_id, user_id = str(row["tenant_id"]), str(row["user_id"])
    name, email = (None if row[each] is None else str(row[each]) for each in ("user_name", "user_email"))
    many = [f"{action}-{number}" for action in Action for number in range(int(str(row[action])))]
    events = [
        UsageEvent("/p", f"{user_id}-{each}", Action(each.split("-")[0]), tenant_id, user_id, "doc", at, email, name)
        for each in many
    ]
    return [ReceivedEvent(each, at, each.id) for each in events]
