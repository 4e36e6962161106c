"""Rows written over older ones: daily usage by version, restatements, superseded events."""

import datetime as dt
from typing import Any

import polars as pl

from signtally.domain.schemas import IDENTITY, RESTATEMENTS, STANDING_ROWS, STORED_USAGE
from signtally.postgresql.connections import PostgresqlConnections
from signtally.postgresql.schema import PostgresqlSchema
from signtally.postgresql.usage_sql import select_standing

_ROWS = 5_000  # of a statement
_USAGE = pl.Schema({**STORED_USAGE, "version": pl.Int64()})
_USAGE_KEY = ("tenant_id", "day", "user_id")
_RESTATEMENT_KEY = ("tenant_id", "day", "reason", "restated_at")


class RowWriting:
    """Rows go in order of their keys, so that writers of the same ones wait for each other and never in a circle."""

    def __init__(self, connections: PostgresqlConnections, schema: PostgresqlSchema) -> None:
        self._connections = connections
        self._schema = schema

    def put_daily_usage(self, rows: pl.DataFrame, *, version: int, counted_at: dt.datetime) -> pl.DataFrame:
        """Rows of schema DAILY_USAGE; those that were refused, schema STANDING_ROWS."""
        whole = rows.with_columns(
            counted_at=pl.lit(counted_at, _USAGE["counted_at"]), version=pl.lit(version, pl.Int64)
        )
        numbered = whole.match_to_schema(_USAGE).sort(_USAGE_KEY)
        parts = [self._put_usage(part) for part in numbered.iter_slices(_ROWS)]
        return pl.concat([STANDING_ROWS.to_frame(), *parts])

    def put_restatements(self, rows: pl.DataFrame) -> None:
        distinct = rows.match_to_schema(RESTATEMENTS).unique(_RESTATEMENT_KEY, keep="last")
        self._insert("restatements", distinct.sort(_RESTATEMENT_KEY), key=_RESTATEMENT_KEY)

    def put_superseded(self, rows: pl.DataFrame) -> None:
        self._insert("superseded_events", rows.match_to_schema(IDENTITY).unique().sort([*IDENTITY]), key=None)

    def _put_usage(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Of those not written some stand already as they are; what others wrote meanwhile only a new query sees."""
        table = self._schema.table("daily_usage")
        columns, key = ", ".join(_USAGE), ", ".join(_USAGE_KEY)
        changes = ", ".join(f"{name} = excluded.{name}" for name in _USAGE if name not in _USAGE_KEY)
        insert = (
            f"WITH tried AS (SELECT * FROM {_unnested(_USAGE)}), "  # noqa: S608 -- names of ours
            f"written AS (INSERT INTO {table} AS standing ({columns}) SELECT {columns} FROM tried "
            f"ON CONFLICT ({key}) DO UPDATE SET {changes} WHERE standing.version < excluded.version RETURNING {key}) "
            f"SELECT number FROM tried LEFT JOIN written USING ({key}) WHERE written.tenant_id IS NULL"
        )
        found = self._schema.insert_daily_usage(insert, _values(rows), days=rows["day"].unique())
        unwritten = sorted(number - 1 for (number,) in found)
        if not unwritten:
            return STANDING_ROWS.to_frame()
        left = rows[unwritten]
        standing = self._fetched(select_standing(table, _unnested(_USAGE)), left)
        versions = pl.DataFrame(sorted(standing), schema={"number": pl.Int64(), "version": pl.Int64()}, orient="row")
        refused = left.drop("version")[[number - 1 for number in versions["number"]]]
        return refused.with_columns(versions["version"]).match_to_schema(STANDING_ROWS, extra_columns="ignore")

    def _insert(self, name: str, rows: pl.DataFrame, *, key: tuple[str, ...] | None) -> None:
        """Without a *key*, what is there already stays as it is."""
        schema = rows.schema
        columns = ", ".join(schema)
        changes = ", ".join(f"{each} = excluded.{each}" for each in schema if key is not None and each not in key)
        conflict = f"({', '.join(key)}) DO UPDATE SET {changes}" if key else "DO NOTHING"
        insert = (
            f"INSERT INTO {self._schema.table(name)} ({columns}) "  # noqa: S608 -- names of ours
            f"SELECT {columns} FROM {_unnested(schema)} ON CONFLICT {conflict} RETURNING 1"
        )
        for part in rows.iter_slices(_ROWS):
            self._fetched(insert, part)

    def _fetched(self, statement: str, rows: pl.DataFrame) -> list[tuple[Any, ...]]:
        return self._connections.rows(self._schema.what, statement, _values(rows))


def _values(rows: pl.DataFrame) -> list[list[Any]]:
    return [rows[name].to_list() for name in rows.columns]


def _unnested(schema: pl.Schema) -> str:
    """What follows FROM: rows given as one array a column, and their number from 1."""
    arrays = ", ".join(f"%s::{_type(kind)}[]" for kind in schema.values())
    return f"unnest({arrays}) WITH ORDINALITY AS tried ({', '.join(schema)}, number)"


def _type(kind: pl.DataType) -> str:
    match kind:
        case pl.Int64():
            return "bigint"
        case pl.Date():
            return "date"
        case pl.Datetime():
            return "timestamptz"
        case _:
            return "text"
