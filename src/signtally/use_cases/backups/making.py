"""Making a backup, or bringing one up to date: only objects that changed are read again, events all."""

import contextlib
import dataclasses
import datetime as dt
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from signtally.domain.periods import Period, PeriodKind, period_of
from signtally.domain.time_units import ONE_DAY, UNIX_EPOCH
from signtally.errors import SigntallyError
from signtally.ports.objects import ObjectMissingError, ObjectSummary
from signtally.services import Services
from signtally.threads import ContextThreads
from signtally.use_cases.backups.contents import BACKUP, ETAGS, FORMAT, LEFT_OUT, Backup, BackupFiles

_READERS = 16
_PART = ".part"
_LOCKLESS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}  # said by volumes that have no locks


class BackupUnderWayError(SigntallyError):
    """Another process writes a backup into this directory."""


@dataclasses.dataclass(frozen=True, slots=True)
class BackupOutcome:
    """*read*: objects that are new or changed since the last backup in this directory."""

    directory: Path
    objects: int
    read: int
    events: int

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def back_up(directory: Path, *, services: Services) -> BackupOutcome:
    """Copy bucket and events into *directory*; again, bring it up to date: erased users' names go from it too.

    Beside running programs it is of no one moment: what a restored event or object lacks, it gets as a late event does.
    Raises BackupUnderWayError, or a ServiceError or an OSError: then there is no `backup.json`.
    """
    files, made_at = BackupFiles(directory), services.clock()
    directory.mkdir(parents=True, exist_ok=True)
    with _alone_in(directory):
        files.about.unlink(missing_ok=True)
        etags, read = _copy_objects(files, services)
        events = _copy_events(files, services)
        _copy_corrections(files, services)
        _write(files.about, BACKUP.dump_json(Backup(FORMAT, made_at, len(etags), events), indent=2))
    return BackupOutcome(directory, len(etags), read, events)


@contextlib.contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Two would write the same files. Raises BackupUnderWayError."""
    place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupUnderWayError(
                f"another process writes a backup into {directory}; leave it to that one"
            ) from None
        except OSError as error:
            if error.errno not in _LOCKLESS:
                raise
        yield
    finally:
        os.close(place)


def _copy_objects(files: BackupFiles, services: Services) -> tuple[dict[str, str], int]:
    """The ETags of the objects that were there, and how many of them were read."""
    known = _known_etags(files)
    found = [each for each in services.objects.list_objects("") if not each.key.startswith(LEFT_OUT)]
    changed = [each for each in found if known.get(each.key) != each.etag or not files.object(each.key).exists()]
    files.etags.unlink(missing_ok=True)  # until it is true again
    with ContextThreads(_READERS) as readers:
        copied = [*readers.map(lambda each: _copied(each, files, services), changed)]
    gone = {each.key for each, etag in zip(changed, copied, strict=True) if etag is None}
    fresh = {each.key: etag for each, etag in zip(changed, copied, strict=True) if etag is not None}
    etags = {each.key: fresh.get(each.key, each.etag) for each in found if each.key not in gone}
    for key in known.keys() - etags.keys():
        files.object(key).unlink(missing_ok=True)
    _write(files.etags, ETAGS.dump_json(etags))
    return etags, len(fresh)


def _known_etags(files: BackupFiles) -> dict[str, str]:
    """Of the objects that are in the directory; where that is not known, every object is read again."""
    try:
        return ETAGS.validate_json(files.etags.read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}


def _copied(found: ObjectSummary, files: BackupFiles, services: Services) -> str | None:
    """The ETag of what was copied; None when it was deleted since the listing."""
    try:
        stored = services.objects.get(found.key)
    except ObjectMissingError:
        files.object(found.key).unlink(missing_ok=True)
        return None
    _write(files.object(found.key), stored.body)
    return stored.etag


def _copy_events(files: BackupFiles, services: Services) -> int:
    """A file for each month with events; files of months without any go."""
    files.events.mkdir(exist_ok=True)
    total, kept = 0, set()
    for month in _months(services):
        path = files.events / f"{month.name}.parquet"
        kept.add(path)
        total += _copy_month(month, path, services)
    for path in set(files.events.iterdir()) - kept:
        path.unlink()
    return total


def _copy_month(month: Period, path: Path, services: Services) -> int:
    since, until = _instant(month.first), _instant(month.last + ONE_DAY)
    with services.usage_store.scan_events(since=since, until=until, tenant_ids=None) as rows:
        events = rows.collect(engine="streaming").sort("tenant_id", "occurred_at", "event_id")
    _write_rows(path, events)
    return len(events)


def _copy_corrections(files: BackupFiles, services: Services) -> None:
    store, tomorrow = services.usage_store, services.clock() + ONE_DAY
    _write_rows(files.superseded, store.superseded(since=UNIX_EPOCH, until=tomorrow, tenant_ids=None))
    tenant_ids = _tenant_ids(services)
    days = {"first": (UNIX_EPOCH + ONE_DAY).date(), "last": tomorrow.date()}
    _write_rows(files.restatements, store.restatements(**days, tenant_ids=tenant_ids))


def _days(services: Services) -> pl.DataFrame:
    until = services.clock() + ONE_DAY
    return services.usage_store.days_with_events(since=UNIX_EPOCH, until=until, tenant_ids=None)


def _tenant_ids(services: Services) -> list[str]:
    return _days(services)["tenant_id"].unique().sort().to_list()


def _months(services: Services) -> Iterator[Period]:
    months = _days(services)["utc_day"].dt.month_start().unique().sort()
    return (period_of(PeriodKind.MONTH, first) for first in months)


def _instant(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _write_rows(path: Path, rows: pl.DataFrame) -> None:
    _written(path, lambda part: rows.write_parquet(part, compression="zstd"))


def _write(path: Path, body: bytes) -> None:
    _written(path, lambda part: part.write_bytes(body))


def _written(path: Path, write: Callable[[Path], object]) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + _PART)
    write(part)
    part.replace(path)
