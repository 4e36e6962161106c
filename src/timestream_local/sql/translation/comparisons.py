"""Comparisons: text stands for a timestamp beside one, and nothing else is compared with another type.

DuckDB would cast silently, and forget the offset of a timestamp; Trino refuses what does not fit.
"""

import datetime as dt
import re

from sqlglot import exp

from timestream_local.sql.parsing.positions import refusal
from timestream_local.sql.types.inference import NUMBERS, get, infer, shown_type
from timestream_local.sql.types.intervals import instant

COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.In, exp.Between)
MOMENTS = ("TIMESTAMP_NS", "DATE")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?Z?")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def compare(node: exp.Expr, sql: str) -> exp.Expr:
    """Make the operands of *node* comparable, or refuse it."""
    operands = _operands(node)
    kinds = [get(operand) for operand in operands]
    if any(kind in MOMENTS for kind in kinds):
        for operand, kind in zip(operands, kinds, strict=True):
            if kind == "VARCHAR":
                operand.replace(moment(operand))
        return node
    known = {_family(kind) for kind in kinds if kind is not None} - {None}
    if len(known) > 1:
        shown = ", ".join(shown_type(kind) for kind in kinds if kind is not None)
        raise refusal(node, sql, f"Cannot compare {shown}")
    return node


def _operands(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.In):
        return [node.this, *node.expressions]
    if isinstance(node, exp.Between):
        return [node.this, node.args["low"], node.args["high"]]
    return [node.this, node.expression]


def _family(kind: str | None) -> str | None:
    """The types that may be compared with each other; None for those that are not judged."""
    if kind in NUMBERS:
        return "number"
    return kind if kind in ("VARCHAR", "BOOLEAN") else None


def moment(text: exp.Expr) -> exp.Expr:
    """The timestamp that *text* stands for: a literal becomes a constant, all else is read at run time."""
    ns = literal_ns(text.name) if isinstance(text, exp.Literal) else None
    read = exp.Anonymous(this="ts_text_timestamp", expressions=[text.copy()]) if ns is None else instant(ns)
    infer(read)
    return read


def literal_ns(text: str) -> int | None:
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    try:
        found = dt.datetime.fromisoformat(f"{match[1]} {match[2] or '00:00'}+00:00")
    except ValueError:
        return None
    fraction = int((match[3] or "").ljust(9, "0") or 0)
    return (found - _EPOCH) // dt.timedelta(seconds=1) * 10**9 + fraction
