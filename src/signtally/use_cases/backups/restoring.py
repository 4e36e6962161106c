"""Restoring a backup into an installation that has lost its bucket, its database, or both."""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from signtally.domain.events import event_of_row
from signtally.domain.schemas import IDENTITY
from signtally.domain.time_units import MICROSECOND
from signtally.errors import SigntallyError
from signtally.ports.usage_store import UsageStore, WriteResult
from signtally.services import Services
from signtally.stores.keys import STATE
from signtally.threads import ContextThreads
from signtally.use_cases.backups.contents import BACKUP, ETAGS, FORMAT, Backup, BackupFiles
from signtally.use_cases.backups.erased_since import plan_erasures_again
from signtally.use_cases.importing.config import ImportConfig
from signtally.use_cases.importing.writing import ChunkWriter, chunk_writer

_WRITERS, _CHUNK_EVENTS = 16, 5_000
# The rest of the state tells of rows and messages that are gone, or is made anew from what is here.
_LASTING = ("link-key.json", "deferred-mails/", "corrections", "imports/", "superseding/", "holds/")
_STATE_THAT_LASTS = tuple(f"{STATE}{name}" for name in _LASTING)


class NoBackupError(SigntallyError):
    """The directory holds no whole backup, or one of a newer program, or a file of it is damaged."""


@dataclasses.dataclass(frozen=True, slots=True)
class RestoreOutcome:
    """Of the backup's objects, those that were put back and those that stood there; the same of its events."""

    objects: int
    objects_kept: int
    events: int
    events_kept: int
    refused: int  # events that the store does not take any more, such as those beyond its retention
    erasures_due: int = 0  # of who was erased since the backup was made: what of them is back is to go again

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def restore(directory: Path, *, services: Services) -> RestoreOutcome:
    """Put back what is missing; what is there stays. Idempotent, and broken off, the same call goes on.

    Daily usage is not in a backup: count it by a rebuild afterwards. Raises NoBackupError, ServiceError, OSError.
    """
    files = BackupFiles(directory)
    backup = _require_whole(files)
    objects = _put_objects(files, services)  # first: among them are who was erased
    events = _put_events(files, services)
    services.usage_store.put_superseded(_rows(files.superseded))
    services.usage_store.put_restatements(_rows(files.restatements))
    return RestoreOutcome(
        erasures_due=plan_erasures_again(files, map(_rows, _months(files)), since=backup.made_at, services=services),
        objects=objects[True],
        objects_kept=objects[False],
        events=events[WriteResult.STORED],
        events_kept=events[WriteResult.DUPLICATE],
        refused=events[WriteResult.REFUSED],
    )


def _require_whole(files: BackupFiles) -> Backup:
    try:
        backup = BACKUP.validate_json(files.about.read_bytes())
    except (FileNotFoundError, ValidationError):
        raise NoBackupError(f"{files.directory} holds no whole backup: its backup.json is missing or damaged") from None
    if backup.format > FORMAT:
        raise NoBackupError(
            f"{files.directory} was written in format {backup.format} and this program knows {FORMAT}: "
            "restore it with the version that made it, or a newer one"
        )
    return backup


def _put_objects(files: BackupFiles, services: Services) -> Counter[bool]:
    keys = [each for each in _keys(files) if _lasts(each)]

    def put(key: str) -> bool:
        return services.objects.put_if_absent(key, _body(files.object(key)))

    with ContextThreads(_WRITERS) as writers:
        return Counter(writers.map(put, keys))


def _keys(files: BackupFiles) -> Iterable[str]:
    try:
        return ETAGS.validate_json(_body(files.etags))
    except ValidationError:
        raise _damaged(files.etags, "it is no list of objects") from None


def _body(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _damaged(path, str(error.strerror)) from error


def _damaged(path: Path, why: str) -> NoBackupError:
    return NoBackupError(f"{path} is missing or damaged: {why}; restore another copy of the backup")


def _lasts(key: str) -> bool:
    return not key.startswith(STATE) or key.startswith(_STATE_THAT_LASTS)


def _put_events(files: BackupFiles, services: Services) -> Counter[WriteResult]:
    config = ImportConfig.from_settings(services.settings)
    with chunk_writer(services.usage_store, config=config) as writer:
        results: Counter[WriteResult] = Counter()
        for path in _months(files):
            rows = _rows(path)
            lacking = _lacking(rows, services.usage_store)
            results[WriteResult.DUPLICATE] += len(rows) - len(lacking)
            for chunk in lacking.iter_slices(_CHUNK_EVENTS):
                results += _put_chunk(chunk, writer)
    return results


def _lacking(rows: pl.DataFrame, store: UsageStore) -> pl.DataFrame:
    """The events that the store does not show: Timestream takes one that it has as gladly as another."""
    times = rows["occurred_at"]
    since, last = times.min(), times.max()
    if not isinstance(since, dt.datetime) or not isinstance(last, dt.datetime):
        return rows  # no event at all
    until = last + MICROSECOND
    if not store.has_events(since=since, until=until, tenant_ids=None):
        return rows
    with store.scan_events(since=since, until=until, tenant_ids=None, columns=[*IDENTITY]) as there:
        return rows.join(there.collect(engine="streaming"), on=[*IDENTITY], how="anti", maintain_order="left")


def _months(files: BackupFiles) -> list[Path]:
    return sorted(files.events.glob("*.parquet"))


def _rows(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _damaged(path, str(error)) from error


def _put_chunk(rows: pl.DataFrame, writer: ChunkWriter) -> Counter[WriteResult]:
    return Counter(each.result for each in writer.write([event_of_row(row) for row in rows.iter_rows(named=True)]))
