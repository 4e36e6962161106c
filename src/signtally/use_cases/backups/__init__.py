"""Everything that cannot be made anew, in a directory, and back again."""

from signtally.use_cases.backups.making import BackupOutcome, BackupUnderWayError, back_up
from signtally.use_cases.backups.restoring import NoBackupError, RestoreOutcome, restore

__all__ = ["BackupOutcome", "BackupUnderWayError", "NoBackupError", "RestoreOutcome", "back_up", "restore"]
