"""The rows of one chunk: stored, known as duplicates, or rejected."""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

from signtally.domain.dead_letters import DeadLetterReason
from signtally.domain.events import BadEventError, ReceivedEvent, UsageEvent
from signtally.domain.history_rows import RowReader, to_jsonable
from signtally.domain.import_outcome import ImportOutcome
from signtally.domain.timestamps import FUTURE_LIMIT
from signtally.ports.history import HistoryRow, UnreadableRow
from signtally.ports.usage_store import WriteOutcome, WriteResult
from signtally.services import Services
from signtally.use_cases.importing.writing import ChunkWriter


@dataclasses.dataclass(frozen=True, slots=True)
class Arrival:
    """When and by which import the rows were received: with the line it makes a message of each row."""

    received_at: dt.datetime  # aware, UTC; the same for the whole import, and whenever it goes on
    digest: str

    def message_id(self, line: int) -> str:
        """In the order of the rows, so that of two with one id the earlier row is the one received first."""
        return f"import:{self.digest}:{line:015}"


@dataclasses.dataclass(frozen=True, slots=True)
class ImportedChunk:
    """What one chunk added to the import's counts, and what is still to be recorded of it."""

    outcome: ImportOutcome
    rejects: Sequence[Mapping[str, object]]  # line, reason, detail, row; by line
    touched: Sequence[UsageEvent]  # events whose hours aggregation must count anew


class ChunkImporter:
    """Imports one chunk, once; an instant after *latest* is refused as lying in the future."""

    def __init__(self, reader: RowReader, *, arrival: Arrival, latest: dt.datetime, text_limit_bytes: int) -> None:
        self._reader = reader
        self._text_limit_bytes = text_limit_bytes
        self._arrival = arrival
        self._latest = latest
        self._rejects: list[tuple[HistoryRow | UnreadableRow, str, str]] = []
        self._results: Counter[WriteResult] = Counter()
        self._touched: list[UsageEvent] = []

    def run(self, rows: Sequence[HistoryRow | UnreadableRow], *, writer: ChunkWriter) -> ImportedChunk:
        """Raises a ServiceError when the store takes nothing; then nothing of the chunk counts yet."""
        pending = [found for row in rows if (found := self._received(row)) is not None]
        while pending:
            pending = self._write(pending, writer)
        rejected = Counter(str(reason) for _, reason, _ in self._rejects)
        stored, duplicates = self._results[WriteResult.STORED], self._results[WriteResult.DUPLICATE]
        outcome = ImportOutcome(len(rows), stored, duplicates, dict(rejected))
        rejects = [_shown(*reject) for reject in sorted(self._rejects, key=lambda reject: reject[0].line)]
        return ImportedChunk(outcome, rejects, self._touched)

    def _received(self, row: HistoryRow | UnreadableRow) -> tuple[HistoryRow, ReceivedEvent] | None:
        if isinstance(row, UnreadableRow):
            self._rejects.append((row, row.reason, row.detail))
            return None
        try:
            event = self._reader.event(row.values, latest=self._latest, text_limit_bytes=self._text_limit_bytes)
        except BadEventError as error:
            self._rejects.append((row, error.reason, error.detail))
            return None
        return row, ReceivedEvent(event, self._arrival.received_at, self._arrival.message_id(row.line))

    def _write(
        self, pending: Sequence[tuple[HistoryRow, ReceivedEvent]], writer: ChunkWriter
    ) -> list[tuple[HistoryRow, ReceivedEvent]]:
        """Write the first row of each id; return later ones whose first the store refused: now they count."""
        firsts: dict[str, tuple[HistoryRow, ReceivedEvent]] = {}
        for row, received in pending:
            firsts.setdefault(received.event.event_id, (row, received))
        outcomes = writer.write([received for _, received in firsts.values()])
        refused: set[str] = set()
        for (event_id, (row, received)), outcome in zip(firsts.items(), outcomes, strict=True):
            if outcome.result is WriteResult.REFUSED:
                refused.add(event_id)
                self._rejects.append((row, outcome.reason or DeadLetterReason.STORE_REFUSED, outcome.detail))
            else:
                self._accept(received, outcome)
        later = [(row, received) for row, received in pending if firsts[received.event.event_id][0] is not row]
        again = [(row, received) for row, received in later if received.event.event_id in refused]
        self._results[WriteResult.DUPLICATE] += len(later) - len(again)
        return again

    def _accept(self, received: ReceivedEvent, outcome: WriteOutcome) -> None:
        """A duplicate touches its hour too: it may have been stored by an import that died before it recorded that."""
        self._results[outcome.result] += 1
        self._touched.append(received.event)


def chunk_importer(reader: RowReader, *, arrival: Arrival, services: Services) -> ChunkImporter:
    latest, limit = services.clock() + FUTURE_LIMIT, services.usage_store.text_limit_bytes
    return ChunkImporter(reader, arrival=arrival, latest=latest, text_limit_bytes=limit)


def _shown(row: HistoryRow | UnreadableRow, reason: str, detail: str) -> dict[str, object]:
    if isinstance(row, UnreadableRow):
        content: object = row.text
    else:
        content = {name: to_jsonable(each) for name, each in row.values.items()}
    return {"line": row.line, "reason": str(reason), "detail": detail, "row": content}
