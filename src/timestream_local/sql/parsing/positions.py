"""Lines and columns of a query, both from 1, as Timestream's errors give them: ``3:17``."""

from sqlglot import exp

from timestream_local.protocol.errors import ValidationError


def line_column(offset: int, sql: str) -> str:
    line = sql.count("\n", 0, offset) + 1
    column = offset - (sql.rfind("\n", 0, offset) + 1) + 1
    return f"{line}:{column}"


def position(node: exp.Expr, sql: str) -> str:
    """The ``line:column`` of *node*: that of its first token."""
    offsets = [found.meta["start"] for found in node.walk() if "start" in found.meta]
    return line_column(min(offsets), sql) if offsets else "1:1"


def refusal(node: exp.Expr, sql: str, message: str) -> ValidationError:
    return ValidationError(f"line {position(node, sql)}: {message}")
