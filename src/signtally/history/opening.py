"""From what a person names to a source: a path, an address, or `env:` and the variable that holds one."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from signtally.domain.history_mapping import HistoryMapping, mapping_from_toml
from signtally.history.csv import CsvHistory
from signtally.history.parquet import ParquetHistory
from signtally.history.postgresql import PostgresqlHistory
from signtally.ports.history import HistoryError, HistorySource

ENVIRONMENT = "env:"
ADDRESSES = ("postgresql://", "postgres://")
_PARQUET_MARK = b"PAR1"
_ADDRESS_EXAMPLE = "postgresql://reader@db.example/portal"


def open_history(
    source: str, *, mapping: HistoryMapping, environment: Mapping[str, str] | None = None
) -> HistorySource:
    """Connect nothing yet, and read a file's first bytes alone, which say what it is. Raises HistoryError."""
    location = _location(source, os.environ if environment is None else environment)
    if location.startswith(ADDRESSES):
        if mapping.query is None or mapping.order_by is None:
            raise HistoryError("a database needs a mapping with query and order_by: --mapping FILE")
        return PostgresqlHistory(location, query=mapping.query, order_by=mapping.order_by)
    if mapping.query is not None:
        raise HistoryError(f"the mapping has a query, but {location} is a file; name a database: {_ADDRESS_EXAMPLE}")
    path = Path(location)
    try:
        with path.open("rb") as file:
            beginning = file.read(len(_PARQUET_MARK))
    except OSError as error:
        raise HistoryError(f"{path} cannot be read: {error.strerror}") from error
    return ParquetHistory(path) if beginning == _PARQUET_MARK else CsvHistory(path, delimiter=mapping.delimiter)


def _location(source: str, environment: Mapping[str, str]) -> str:
    if not source.startswith(ENVIRONMENT):
        return source
    name = source.removeprefix(ENVIRONMENT)
    if not environment.get(name):
        raise HistoryError(f"the variable {name} is not set; {source} reads where the history is from it")
    return environment[name]


def read_mapping(path: Path | None) -> HistoryMapping:
    """Without a file, the one that knows our own names alone. Raises HistoryError or pydantic's ValidationError."""
    if path is None:
        return HistoryMapping()
    try:
        return mapping_from_toml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HistoryError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise HistoryError(f"{path} is not TOML: {error}") from error
