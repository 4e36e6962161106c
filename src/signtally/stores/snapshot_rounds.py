"""Rounds in which all ingest runs are quiet at one moment, so that what they have in flight can be added up."""

import dataclasses
import datetime as dt
import uuid

from pydantic import TypeAdapter

from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import JsonObject

_REPORTS = f"{STATE}snapshot-rounds/"


@dataclasses.dataclass(frozen=True, slots=True)
class InFlightReport:
    """What one run has in flight while it neither receives nor deletes. Instants are aware, UTC, of SentTimestamps."""

    in_flight: int  # messages that are in flight because of this run
    oldest_unsettled: dt.datetime | None  # the oldest of them that is not settled
    oldest_released: dt.datetime | None  # the oldest that it gave back unsettled, and that others may have by now
    empty_at: dt.datetime | None  # when its latest long poll that came back empty had begun; its own clock


@dataclasses.dataclass(frozen=True, slots=True)
class SnapshotRound:
    """A call on all runs to quiesce and report; *shows_empty* says, when it is over, that the queue was empty."""

    round_id: str
    is_over: bool = False
    shows_empty: bool = False


_REPORT = TypeAdapter(InFlightReport)
_ROUND = TypeAdapter(SnapshotRound)


class SnapshotRounds:
    """One round at a time, replaced by compare-and-set; each run that takes part leaves its report beside it."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._latest = JsonObject(objects, f"{STATE}snapshot-round.json", _ROUND)
        self._run_id = uuid.uuid4().hex

    def latest(self) -> SnapshotRound | None:
        return self._latest.read()

    def begin(self, *, instead_of: SnapshotRound | None) -> SnapshotRound | None:
        """Begin a round in place of the latest one; None when another run has been faster."""
        current, new = self._latest.read_version(), SnapshotRound(uuid.uuid4().hex)
        if (current and current.value) != instead_of:
            return None
        if not (self._latest.create(new) if current is None else self._latest.replace(new, etag=current.etag)):
            return None
        self._objects.delete(summary.key for summary in self._objects.list_objects(_REPORTS))  # of earlier rounds
        return new

    def add_report(self, to: SnapshotRound, report: InFlightReport) -> None:
        self._report(f"{_REPORTS}{to.round_id}/{self._run_id}.json").write(report)

    def reports(self, of: SnapshotRound) -> list[InFlightReport]:
        """One a run that takes part; each of them is quiet from before its report until the round is over."""
        listed = self._objects.list_objects(f"{_REPORTS}{of.round_id}/")
        found = [self._report(each.key).read() for each in listed]
        return [report for report in found if report is not None]  # None: a later round has begun and deleted it

    def end(self, finished: SnapshotRound, *, shows_empty: bool) -> None:
        """Let every run go on; nothing happens when another round has begun since."""
        current = self._latest.read_version()
        if current is not None and current.value == finished:
            over = dataclasses.replace(finished, is_over=True, shows_empty=shows_empty)
            self._latest.replace(over, etag=current.etag)

    def _report(self, key: str) -> JsonObject[InFlightReport]:
        return JsonObject(self._objects, key, _REPORT)
