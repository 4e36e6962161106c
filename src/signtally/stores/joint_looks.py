"""Where ingest runs agree on a moment at which all of them hold still, so that what they hold can be added up."""

import dataclasses
import datetime as dt
import json
import uuid

from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores.keys import STATE

_PREFIX = f"{STATE}joint-looks/"
_CALL = f"{STATE}joint-look.json"


@dataclasses.dataclass(frozen=True, slots=True)
class Holdings:
    """What one run has in hand while it neither receives nor deletes. Instants are aware, UTC, of SentTimestamps."""

    in_hand: int  # messages that are in flight because of this run
    oldest_unsettled: dt.datetime | None  # of those, the oldest that is not settled
    oldest_returned: dt.datetime | None  # the oldest that it gave back unsettled, and that others may have taken since
    empty_at: dt.datetime | None  # when its latest long poll that came back empty had begun; its own clock

    def to_json(self) -> bytes:
        return json.dumps({name: _plain(value) for name, value in dataclasses.asdict(self).items()}).encode()

    @classmethod
    def from_json(cls, body: bytes) -> "Holdings":
        fields = json.loads(body)
        in_hand = fields.pop("in_hand")
        return cls(in_hand, **{name: text and dt.datetime.fromisoformat(text) for name, text in fields.items()})


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """An invitation to hold still; *shows_empty* says, when it is over, that nothing was left on the queue."""

    call_id: str
    is_over: bool = False
    shows_empty: bool = False


class JointLooks:
    """One call at a time, replaced by compare-and-set; each run that heeds it leaves its holdings beside it."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._run_id = uuid.uuid4().hex

    def latest(self) -> Call | None:
        return self._read()[0]

    def call(self, *, instead_of: Call | None) -> Call | None:
        """Call upon all runs; None when another run has been faster."""
        current, etag = self._read()
        if current != instead_of:
            return None
        call = Call(uuid.uuid4().hex)
        if not (self._objects.put_if_absent(_CALL, _body(call)) if etag is None else self._replace(call, etag)):
            return None
        self._objects.delete(summary.key for summary in self._objects.list_objects(_PREFIX))  # of earlier calls
        return call

    def answer(self, call: Call, holdings: Holdings) -> None:
        self._objects.put(f"{_PREFIX}{call.call_id}/{self._run_id}.json", holdings.to_json())

    def answers(self, call: Call) -> list[Holdings]:
        """What every run that has answered holds; it holds still from before its answer until the call is over."""
        found = [self._holdings(each.key) for each in self._objects.list_objects(f"{_PREFIX}{call.call_id}/")]
        return [holdings for holdings in found if holdings is not None]

    def end(self, call: Call, *, shows_empty: bool) -> None:
        """Let everybody go on."""
        current, etag = self._read()
        if current == call and etag is not None:
            self._replace(dataclasses.replace(call, is_over=True, shows_empty=shows_empty), etag)

    def _holdings(self, key: str) -> Holdings | None:
        try:
            return Holdings.from_json(self._objects.get(key).body)
        except ObjectMissingError:
            return None  # a later call has begun, and swept it away

    def _read(self) -> tuple[Call | None, str | None]:
        try:
            stored = self._objects.get(_CALL)
        except ObjectMissingError:
            return None, None
        return Call(**json.loads(stored.body)), stored.etag

    def _replace(self, call: Call, etag: str) -> bool:
        return self._objects.put_if_match(_CALL, _body(call), etag=etag)


def _body(call: Call) -> bytes:
    return json.dumps(dataclasses.asdict(call)).encode()


def _plain(value: int | dt.datetime | None) -> int | str | None:
    return value.isoformat() if isinstance(value, dt.datetime) else value
