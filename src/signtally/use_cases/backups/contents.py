"""What lies in a backup's directory.

`objects/` has the bucket's objects by key, `objects.json` their ETags; `events/2026-10.parquet` a UTC month of events
as they are stored, of all tenants; `superseded.parquet` which of them do not count; `restatements.parquet` which days
were restated when. `backup.json` is written last and makes the backup whole. Daily usage is not in it: it follows
from events and profiles.
"""

import dataclasses
import datetime as dt
from pathlib import Path

from pydantic import TypeAdapter

from signtally.stores.keys import UNLOADS

FORMAT = 1  # raised when an older program could not restore what a newer one wrote
LEFT_OUT = (UNLOADS,)


@dataclasses.dataclass(frozen=True, slots=True)
class Backup:
    """What `backup.json` says."""

    format: int
    made_at: dt.datetime  # aware, UTC: when it was begun
    objects: int
    events: int


BACKUP = TypeAdapter(Backup)
ETAGS = TypeAdapter(dict[str, str])


@dataclasses.dataclass(frozen=True, slots=True)
class BackupFiles:
    """The paths in one backup."""

    directory: Path

    @property
    def about(self) -> Path:
        return self.directory / "backup.json"

    @property
    def etags(self) -> Path:
        return self.directory / "objects.json"

    @property
    def events(self) -> Path:
        return self.directory / "events"

    @property
    def superseded(self) -> Path:
        return self.directory / "superseded.parquet"

    @property
    def restatements(self) -> Path:
        return self.directory / "restatements.parquet"

    def object(self, key: str) -> Path:
        """Keys are percent-encoded ids below fixed words: none of them leads out of the directory."""
        return self.directory / "objects" / key
