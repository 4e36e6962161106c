"""Where in a query something stands, as Timestream's errors tell it: line and column, both from 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timestream_local.errors import ValidationError

if TYPE_CHECKING:
    from sqlglot import exp


def place_of(offset: int, sql: str) -> str:
    line = sql.count("\n", 0, offset) + 1
    column = offset - (sql.rfind("\n", 0, offset) + 1) + 1
    return f"{line}:{column}"


def place(node: exp.Expr, sql: str) -> str:
    """The place of *node*: that of the first token below it that remembers one."""
    offsets = [found.meta["start"] for found in node.walk() if "start" in found.meta]
    return place_of(min(offsets), sql) if offsets else "1:1"


def refusal(node: exp.Expr, sql: str, message: str) -> ValidationError:
    return ValidationError(f"line {place(node, sql)}: {message}")
