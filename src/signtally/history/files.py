"""What files of past actions have in common: their content is their identity, and it must stay while it is read."""

import functools
import hashlib
from pathlib import Path

from signtally.ports.history import HistoryError

_BLOCK_BYTES = 1 << 20


class FileContent:
    """Read whole once to know it: a file that was copied is the same import, one that was changed is another."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = self._state()

    @property
    def size_bytes(self) -> int:
        return self._seen[0]

    @functools.cached_property
    def digest(self) -> str:
        whole = hashlib.sha256()
        with self.path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                whole.update(block)
        self.require_unchanged()
        return whole.hexdigest()

    def require_unchanged(self) -> None:
        if self._state() != self._seen:
            raise HistoryError(f"{self.path} has changed while it was read; leave it alone and import it again")

    def _state(self) -> tuple[int, int]:
        try:
            found = self.path.stat()
        except OSError as error:
            raise HistoryError(f"{self.path} cannot be read: {error.strerror}") from error
        return found.st_size, found.st_mtime_ns
