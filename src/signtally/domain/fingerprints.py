"""Fingerprints: equal figures, equal fingerprint, so that an unchanged report is not made again."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable

import polars as pl


def digest_of(about: object, *, tables: Iterable[pl.DataFrame]) -> str:
    """A digest of values and tables; equal in every process and with every version of Polars."""
    digest = hashlib.sha256(json.dumps(about, default=_plain).encode())
    for table in tables:
        digest.update(table.write_csv().encode())
    return digest.hexdigest()


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)
