"""Files that commands save: whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def saving(path: Path) -> Iterator[BinaryIO]:
    """A file that stands under *path* once the context ends well. Raises an OSError.

    What is no file of its own (`/dev/null`, a pipe, a link) is written into, never replaced.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        with path.open("wb") as file:
            yield file
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def save(path: Path, body: bytes) -> None:
    """The same of bytes that are there; the directory is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with saving(path) as file:
        file.write(body)
