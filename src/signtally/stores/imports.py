"""How far imports of past actions have come, and the rows that they could not take."""

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from pydantic import TypeAdapter

from signtally.domain.import_outcome import ImportOutcome
from signtally.errors import SigntallyError
from signtally.ports.objects import ObjectStore
from signtally.stores.keys import STATE
from signtally.stores.typed_objects import JsonObject

_PREFIX = f"{STATE}imports/"


class ImportElsewhereError(SigntallyError):
    """Another process works on this import: the one that sees this must stop."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImportState:
    """One import so far; its beginning is what all its events were received at, whenever they were written."""

    source: str  # for a person
    begun_at: dt.datetime  # aware, UTC
    position: Mapping[str, int | str] | None = None
    chunks: int = 0  # behind the position
    outcome: ImportOutcome = dataclasses.field(default_factory=ImportOutcome)
    finished_at: dt.datetime | None = None


_STATE = TypeAdapter(ImportState)


class ImportLedger:
    """One import's state, changed by compare-and-set, and its rejected rows: one object a chunk, replaced by a repeat.

    *identity* says which rows are imported and how they are read.
    """

    def __init__(self, objects: ObjectStore, *, identity: str) -> None:
        self._objects = objects
        self.digest = hashlib.sha256(identity.encode()).hexdigest()[:32]
        self._state = JsonObject(objects, f"{_PREFIX}{self.digest}.json", _STATE)
        self._etag: str | None = None  # of the state that was read or stored here last

    def read(self) -> ImportState | None:
        """The state so far; None when this import was never begun, or forgotten."""
        stored = self._state.read_version()
        self._etag = None if stored is None else stored.etag
        return None if stored is None else stored.value

    def begin(self, state: ImportState) -> ImportState:
        """The state that is there, or else this one, stored."""
        self._state.create(state)
        return self.read() or state

    def advance(self, state: ImportState) -> None:
        """Raises ImportElsewhereError when the stored state is not the one that was read or stored here last."""
        if self._etag is None:
            raise ImportElsewhereError
        self._state.replace(state, etag=self._etag)
        # Its result is not used: a request that was repeated below us is refused because of its own first try.
        if self.read() != state:
            raise ImportElsewhereError

    def forget(self) -> None:
        """Delete the state and the rejected rows; the events that were stored stay."""
        self._state.delete()
        self._objects.delete(found.key for found in self._objects.list_objects(f"{_PREFIX}{self.digest}/"))

    def put_rejects(self, state: ImportState, rejects: Sequence[Mapping[str, object]]) -> None:
        """Store the rejected rows of the chunk that follows *state*; without any, no object."""
        if rejects:
            lines = "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in rejects)
            key = f"{self.rejects_folder(state)}{state.chunks:09}.jsonl"
            self._objects.put(key, lines.encode(errors="backslashreplace"), content_type="application/jsonl")

    def rejects_folder(self, state: ImportState) -> str:
        """One for each beginning, so that an import that is begun again never shows the rows of an earlier one."""
        return f"{_PREFIX}{self.digest}/{state.begun_at:%Y%m%dT%H%M%S%fZ}/"


def stored_rejects(objects: ObjectStore, *, folder: str) -> Iterator[bytes]:
    """Rejected rows in order: lines of JSON, one item a chunk."""
    for found in objects.list_objects(folder):
        yield objects.get(found.key).body


def forget_rejects(objects: ObjectStore, is_about: Callable[[Mapping[str, object]], bool], *, dry_run: bool) -> int:
    """Leave of the rejected rows that *is_about* picks, of all imports, only their line and reason; how many."""
    forgotten = 0
    for found in objects.list_objects(_PREFIX):
        if not found.key.endswith(".jsonl"):
            continue
        stored = objects.get(found.key)
        rejects = [json.loads(line) for line in stored.body.splitlines()]
        doomed = [_is_told(each) and is_about(each) for each in rejects]
        forgotten += sum(doomed)
        if any(doomed) and not dry_run:
            left = [_untold(each) if gone else each for each, gone in zip(rejects, doomed, strict=True)]
            lines = "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in left)
            objects.put_if_match(found.key, lines.encode(errors="backslashreplace"), etag=stored.etag)
    return forgotten


def _is_told(reject: Mapping[str, object]) -> bool:
    return reject.get("row") is not None


def _untold(reject: Mapping[str, object]) -> dict[str, object]:
    return {**reject, "detail": "erased", "row": None}
