"""When a tenant's days were first reported: what changes in them after that is a restatement worth telling.

One object a period, `reported/{tenant}/{first}_{last}.json`, claimed by the first report of it.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import PurePosixPath

from pydantic import TypeAdapter

from signtally.domain.periods import Period
from signtally.ports.objects import ObjectStore, ObjectSummary
from signtally.stores.keys import segment
from signtally.stores.typed_objects import JsonObject
from signtally.threads import ContextThreads

_READERS = 8
_MOST_REMEMBERED = 50_000


@dataclasses.dataclass(frozen=True, slots=True)
class _FirstReport:
    at: dt.datetime


_JSON = TypeAdapter(_FirstReport)


class ReportedPeriods:
    """The instant of the first report of each period of a tenant.

    Each is read once a process: the object under one key and ETag never says anything else.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._remembered: dict[tuple[str, str], dt.datetime] = {}  # by key and ETag

    def note(self, tenant_id: str, period: Period, *, at: dt.datetime) -> None:
        """Note that a report told the figures of these days as of *at*; only a period's first note is kept."""
        self._object(f"{_folder(tenant_id)}{period.first}_{period.last}.json").create(_FirstReport(at))

    def first_told(self, tenant_id: str, period: Period) -> dict[dt.date, dt.datetime]:
        """For each of these days that was ever reported, when it was first."""
        told: dict[dt.date, dt.datetime] = {}
        with ContextThreads(_READERS) as readers:
            found = [each for each in readers.map(self._read, self._overlapping(tenant_id, period)) if each is not None]
        for days, at in found:
            for day in days.days():
                if period.first <= day <= period.last:
                    told[day] = min(at, told.get(day, at))
        return told

    def overlapping(self, tenant_id: str, period: Period) -> set[tuple[dt.date, dt.date]]:
        """First and last day of each reported period that shares a day with this one."""
        return {(days.first, days.last) for _, days in self._overlapping(tenant_id, period)}

    def _overlapping(self, tenant_id: str, period: Period) -> Iterator[tuple[ObjectSummary, Period]]:
        for summary in self._objects.list_objects(_folder(tenant_id)):
            first, last = (dt.date.fromisoformat(each) for each in PurePosixPath(summary.key).stem.split("_"))
            if first <= period.last and last >= period.first:
                yield summary, Period(period.kind, first, last)

    def _read(self, found: tuple[ObjectSummary, Period]) -> tuple[Period, dt.datetime] | None:
        summary, days = found
        at = self._remembered.get((summary.key, summary.etag))
        if at is None:
            first_report = self._object(summary.key).read_sound()
            if first_report is None:
                return None
            at = first_report.at
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()  # the price is to read them once more
            self._remembered[summary.key, summary.etag] = at
        return days, at

    def _object(self, key: str) -> JsonObject[_FirstReport]:
        return JsonObject(self._objects, key, _JSON)


def _folder(tenant_id: str) -> str:
    return f"reported/{segment(tenant_id)}/"
