"""How many emails went out and how many came back, by day: for operators, who are told when too many do.

Mail services close accounts for that. The counts are close to the truth and no ledger: a write whose answer is lost
may count twice.
"""

import dataclasses
import datetime as dt
import logging

from pydantic import TypeAdapter

from signtally.domain.time_units import ONE_DAY
from signtally.ports.errors import ServiceError
from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import JsonObject

_KEPT_DAYS = 2  # yesterday's emails come back today
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class MailCount:
    """*sent* emails were taken by the mail service; *returned* ones bounced for good or were complained about."""

    sent: int = 0
    returned: int = 0

    def plus(self, other: "MailCount") -> "MailCount":
        return MailCount(self.sent + other.sent, self.returned + other.returned)

    @property
    def share(self) -> float:
        """Of what was sent, how much came back: from 0 to 1."""
        return min(1.0, self.returned / self.sent) if self.sent else 0.0


_JSON = TypeAdapter(dict[dt.date, MailCount])


class MailRates:
    """By UTC day; the last days only."""

    def __init__(self, objects: ObjectStore) -> None:
        self._object = JsonObject(objects, f"{STATE}mail-rates.json", _JSON)

    def add(self, count: MailCount, *, now: dt.datetime) -> MailCount:
        """Count what a run sent or took back; return the sum of today and yesterday.

        Without the bucket nothing is counted: it is no reason for a run to fail.
        """
        today = now.date()

        def counted(known: dict[dt.date, MailCount] | None) -> dict[dt.date, MailCount]:
            kept = {day: each for day, each in (known or {}).items() if day > today - _KEPT_DAYS * ONE_DAY}
            return {**kept, today: kept.get(today, MailCount()).plus(count)}

        try:
            days = self._object.update(counted)
        except (ServiceError, ValueError) as error:
            _log.warning("%s was not counted: %s", count, error)
            return MailCount()
        total = MailCount()
        for each in days.values():
            total = total.plus(each)
        return total
