"""Files that commands save."""

from pathlib import Path


def save(path: Path, body: bytes) -> None:
    """Whole or not at all, whatever it replaces. Its directory is made. Raises an OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(body)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
