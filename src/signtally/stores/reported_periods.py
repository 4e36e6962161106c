"""When a tenant's days were first reported: what changes in them after that is a restatement worth telling.

One object a period, `reported/{tenant}/{first}_{last}.json`, claimed by the first report of it.
"""

import datetime as dt
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

from signtally.domain.periods import Period
from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores.keys import segment

_READERS = 8


class ReportedPeriods:
    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def note(self, tenant_id: str, period: Period, *, at: dt.datetime) -> None:
        """A report tells the figures of these days as they were at that instant; only the first one counts."""
        body = json.dumps({"at": at.isoformat()}).encode()
        self._objects.put_if_absent(f"{_folder(tenant_id)}{period.first}_{period.last}.json", body)

    def first_told(self, tenant_id: str, period: Period) -> dict[dt.date, dt.datetime]:
        """For each of these days that was ever reported, when it was first."""
        told: dict[dt.date, dt.datetime] = {}
        with ThreadPoolExecutor(_READERS) as readers:
            found = [each for each in readers.map(self._read, self._overlapping(tenant_id, period)) if each is not None]
        for days, at in found:
            for day in days.days():
                if period.first <= day <= period.last:
                    told[day] = min(at, told.get(day, at))
        return told

    def _overlapping(self, tenant_id: str, period: Period) -> Iterator[tuple[str, Period]]:
        for summary in self._objects.list_objects(_folder(tenant_id)):
            first, last = (dt.date.fromisoformat(each) for each in PurePosixPath(summary.key).stem.split("_"))
            if first <= period.last and last >= period.first:
                yield summary.key, Period(period.kind, first, last)

    def _read(self, place: tuple[str, Period]) -> tuple[Period, dt.datetime] | None:
        key, days = place
        try:
            return days, dt.datetime.fromisoformat(json.loads(self._objects.get(key).body)["at"])
        except ObjectMissingError:
            return None


def _folder(tenant_id: str) -> str:
    return f"reported/{segment(tenant_id)}/"
