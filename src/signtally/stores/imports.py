"""How far imports of past actions have come, and the rows that they could not take."""

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from signtally.domain.import_outcome import ImportOutcome
from signtally.errors import SigntallyError
from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores.keys import STATE

_PREFIX = f"{STATE}imports/"


class ImportElsewhereError(SigntallyError):
    """Another process has taken this import on: whoever sees this must stop."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImportState:
    """One import so far; its beginning is what all its events were received at, whenever they were written."""

    source: str  # for a person
    begun_at: dt.datetime  # aware, UTC
    position: Mapping[str, int | str] | None = None
    chunks: int = 0  # behind the position
    outcome: ImportOutcome = dataclasses.field(default_factory=ImportOutcome)
    finished_at: dt.datetime | None = None


class ImportLedger:
    """One import's state by compare-and-set, and its rejected rows a chunk an object, so that a repeat replaces them.

    *identity* says which rows are imported and how they are read.
    """

    def __init__(self, objects: ObjectStore, *, identity: str) -> None:
        self._objects = objects
        self.digest = hashlib.sha256(identity.encode()).hexdigest()[:32]
        self._key = f"{_PREFIX}{self.digest}.json"
        self._etag: str | None = None

    def read(self) -> ImportState | None:
        try:
            stored = self._objects.get(self._key)
        except ObjectMissingError:
            self._etag = None
            return None
        self._etag = stored.etag
        return _state(json.loads(stored.body))

    def begin(self, state: ImportState) -> ImportState:
        """The state that is there, or else this one, stored."""
        self._objects.put_if_absent(self._key, _body(state))
        return self.read() or state

    def advance(self, state: ImportState) -> None:
        """Raise ImportElsewhereError when the state is not the one that was read or stored here last."""
        if self._etag is None:
            raise ImportElsewhereError
        self._objects.put_if_match(self._key, _body(state), etag=self._etag)
        # The answer is not asked: a request that was repeated below us is refused because of its own first try.
        if self.read() != state:
            raise ImportElsewhereError

    def forget(self) -> None:
        """Rows that were rejected go with the state; the events that were stored stay."""
        folder = f"{_PREFIX}{self.digest}/"
        self._objects.delete([self._key])
        self._objects.delete(found.key for found in self._objects.list_objects(folder))

    def put_rejects(self, state: ImportState, rejects: Sequence[Mapping[str, object]]) -> None:
        """The rows of the chunk that follows *state*; none is no object."""
        if rejects:
            lines = "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in rejects)
            key = f"{self.rejects_folder(state)}{state.chunks:09}.jsonl"
            self._objects.put(key, lines.encode(errors="backslashreplace"), content_type="application/jsonl")

    def rejects_folder(self, state: ImportState) -> str:
        """Of this very beginning, so that an import that starts again never shows what an earlier one left."""
        return f"{_PREFIX}{self.digest}/{state.begun_at:%Y%m%dT%H%M%S%fZ}/"


def stored_rejects(objects: ObjectStore, *, folder: str) -> Iterator[bytes]:
    """Rejected rows in order, as lines of JSON, a chunk's at a time."""
    for found in objects.list_objects(folder):
        yield objects.get(found.key).body


def _body(state: ImportState) -> bytes:
    fields = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
    finished_at = state.finished_at.isoformat() if state.finished_at else None
    shown = {"begun_at": state.begun_at.isoformat(), "finished_at": finished_at, "outcome": state.outcome.as_dict()}
    return json.dumps({**fields, **shown}).encode()


def _state(fields: dict[str, object]) -> ImportState:
    stored = {**fields, "begun_at": dt.datetime.fromisoformat(str(fields["begun_at"]))}
    if fields["finished_at"] is not None:
        stored["finished_at"] = dt.datetime.fromisoformat(str(fields["finished_at"]))
    outcome = fields["outcome"]
    assert isinstance(outcome, dict)  # noqa: S101 -- we wrote it
    return ImportState(**{**stored, "outcome": ImportOutcome(**outcome)})  # type: ignore[arg-type]
