"""A whole import: from where it stands to the end of the rows.

The order within a chunk makes it safe to be killed anywhere: events, then touched hours, then rejected rows, then the
position. What was done after the last position is done again and accepted as identical: all events of an import carry
the instant at which it first began.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator

from signtally.domain.history_mapping import HistoryMapping
from signtally.domain.history_rows import MissingColumnsError, RowReader, TimeWithoutZoneError
from signtally.domain.import_outcome import ImportOutcome, ImportProgress
from signtally.domain.restatements import RestatementReason
from signtally.ports.history import HistoryChunk, HistoryError, HistorySource
from signtally.services import Services
from signtally.stores.imports import ImportElsewhereError, ImportLedger, ImportState, stored_rejects
from signtally.use_cases.importing.chunks import Arrival, chunk_importer
from signtally.use_cases.importing.config import ImportConfig
from signtally.use_cases.importing.writing import ChunkWriter, chunk_writer


@dataclasses.dataclass(frozen=True, slots=True)
class Imported:
    """A finished import; *was_finished* says that this call found it finished and did nothing."""

    state: ImportState
    was_finished: bool
    rejects_folder: str  # in the bucket

    @property
    def outcome(self) -> ImportOutcome:
        return self.state.outcome


def import_history(
    source: HistorySource,
    *,
    mapping: HistoryMapping,
    services: Services,
    config: ImportConfig | None = None,
    on_progress: Callable[[ImportProgress], None] = lambda _: None,
) -> Imported:
    """Import what this import has not imported yet. Idempotent; killed at any moment, the next call goes on.

    *on_progress* is called every few seconds, and at the end. Raises HistoryError when the rows cannot be read or
    another process imports them, and a ServiceError when the store or the bucket stays away.
    """
    reader = _reader(source, mapping)
    ledger = _ledger(source, mapping, services)
    state = ledger.begin(ImportState(source.name, services.clock()))
    if state.finished_at is not None:
        return Imported(state, was_finished=True, rejects_folder=ledger.rejects_folder(state))
    config = config or ImportConfig.from_settings(services.settings)
    run = _Run(reader, ledger, services, on_progress=on_progress, config=config)
    try:
        state = run.run(source, state)
        return Imported(state, was_finished=False, rejects_folder=ledger.rejects_folder(state))
    except ImportElsewhereError:
        raise HistoryError(f"another process imports {source.name} at this moment; leave it to that one") from None
    except TimeWithoutZoneError as error:
        raise HistoryError(f"the times in column {error} have no zone: write a mapping with time_zone") from None


def forget_import(source: HistorySource, *, mapping: HistoryMapping, services: Services) -> None:
    """Let the next import of these rows start again. What is stored stays, and will be counted as duplicates."""
    _ledger(source, mapping, services).forget()


def rejected_rows(imported: Imported, *, services: Services) -> Iterator[bytes]:
    """Every rejected row in order: blocks of lines of JSON, one block a chunk."""
    return stored_rejects(services.objects, folder=imported.rejects_folder)


class _Run:
    """One call of `import_history`: takes chunk after chunk from the source and moves the ledger's state forward."""

    def __init__(
        self,
        reader: RowReader,
        ledger: ImportLedger,
        services: Services,
        *,
        on_progress: Callable[[ImportProgress], None],
        config: ImportConfig,
    ) -> None:
        self._reader = reader
        self._ledger = ledger
        self._services = services
        self._touched = services.stores.touched_hours
        self._on_progress = on_progress
        self._config = config
        self._begun = self._reported_at = time.monotonic()
        self._rows_here = 0

    def run(self, source: HistorySource, state: ImportState) -> ImportState:
        """Import what follows *state*; return the finished state."""
        with chunk_writer(self._services.usage_store, config=self._config) as writer:
            for chunk in source.chunks(after=state.position, columns=self._reader.columns):
                state = self._import_chunk(chunk, state, writer)
                self._report_progress(
                    state,
                    chunk.fraction,
                    is_due=time.monotonic() - self._reported_at >= self._config.progress_interval_seconds,
                )
        state = dataclasses.replace(state, finished_at=self._services.clock())
        self._ledger.advance(state)
        self._report_progress(state, 1.0, is_due=True)
        return state

    def _import_chunk(self, chunk: HistoryChunk, state: ImportState, writer: ChunkWriter) -> ImportState:
        arrival = Arrival(state.begun_at, self._ledger.digest)
        importer = chunk_importer(self._reader, arrival=arrival, services=self._services)
        imported = importer.run(chunk.rows, writer=writer)
        self._touched.append(imported.touched, reason=RestatementReason.IMPORT)
        self._ledger.put_rejects(state, imported.rejects)
        outcome = state.outcome + imported.outcome
        state = dataclasses.replace(state, position=chunk.position, chunks=state.chunks + 1, outcome=outcome)
        self._ledger.advance(state)
        self._rows_here += len(chunk.rows)
        return state

    def _report_progress(self, state: ImportState, fraction: float | None, *, is_due: bool) -> None:
        if is_due:
            self._reported_at = time.monotonic()
            self._on_progress(ImportProgress(state.outcome, self._rows_here, self._reported_at - self._begun, fraction))


def _reader(source: HistorySource, mapping: HistoryMapping) -> RowReader:
    columns = source.columns()
    try:
        return RowReader(mapping, columns)
    except MissingColumnsError as error:
        wanted = ", ".join(field if field == name else f"{name} (for {field})" for field, name in error.missing.items())
        raise HistoryError(
            f"{source.name} has no column {wanted}; it has {', '.join(columns)}. Say in a mapping which column is "
            "which, or give a constant: --mapping FILE"
        ) from None


def _ledger(source: HistorySource, mapping: HistoryMapping, services: Services) -> ImportLedger:
    """The same rows read another way are another import."""
    return services.stores.import_ledger(identity=f"{source.identity}\n{mapping.model_dump_json()}")
