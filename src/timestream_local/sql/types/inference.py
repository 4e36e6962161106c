"""Types of expressions, found bottom-up by asking DuckDB itself.

DuckDB picks the overload of a macro by the types of its arguments, but knows no type for one that holds an aggregate,
a window function or a subquery: it then takes the first overload, and answers wrongly. So each node gets its type
here, and macros are called by a name that carries the types. What a function returns is asked of DuckDB once.
"""

import re
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from timestream_local.sql import macros

if TYPE_CHECKING:
    from timestream_local.sql.names.scopes import Outputs

NULL = '"NULL"'
SYNONYMS = {"INT": "INTEGER", "TEXT": "VARCHAR"}
NUMBERS = ("INTEGER", "BIGINT", "HUGEINT", "DOUBLE")
PREDICATES = (exp.Predicate, exp.Not, exp.And, exp.Or, exp.Boolean, exp.Exists, exp.In, exp.Between, exp.Is, exp.Like)
SAME_AS_CHILD = (exp.Alias, exp.Paren, exp.Window, exp.Filter, exp.Neg, exp.IgnoreNulls, exp.RespectNulls, exp.Ordered)
OPAQUE = (exp.Window, exp.Subquery, exp.Select)


class TypeProbe:
    """A DuckDB of its own, with the macros and no data, that is asked for the type of an expression."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection = duckdb.connect(":memory:")
        for statement in macros.STATEMENTS:
            self._connection.execute(statement)

    def type_of(self, sql: str) -> str | None:
        with self._lock:
            try:
                row = self._connection.execute(f"SELECT typeof({sql})").fetchall()[0]
            except duckdb.Error:
                return None
        return str(row[0])


@lru_cache(maxsize=1)
def type_probe() -> TypeProbe:
    return TypeProbe()


@lru_cache(maxsize=10_000)
def type_of_sql(sql: str) -> str | None:
    return type_probe().type_of(sql)


def get(node: exp.Expr | None) -> str | None:
    """The type that was found for *node*."""
    return node.meta.get("type") if node is not None else None


def infer(node: exp.Expr) -> None:
    """Find the type of *node*, whose children have theirs."""
    found = _type(node)
    if found is not None:
        node.meta["type"] = found


def _type(node: exp.Expr) -> str | None:
    for forms, rule in RULES:
        if isinstance(node, forms):
            return rule(node)
    return None


def _column_type(node: exp.Expr) -> str | None:
    outputs: Outputs | None = node.meta.get("outputs")
    return outputs.type_of(node.name) if outputs is not None else None


def _subquery_type(node: exp.Expr) -> str | None:
    outputs: Outputs | None = node.meta.get("outputs")
    return outputs.types[0] if outputs is not None and outputs.types else None


def _cast_type(node: exp.Expr) -> str | None:
    kind = str(node.args["to"].sql(dialect="duckdb"))
    return SYNONYMS.get(kind, kind)


def _joined_type(node: exp.Expr) -> str | None:
    return type_of_sql(f"{stand_in(node.this)} || {stand_in(node.expression)}")


def _branches(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.If):
        return [branch for branch in (node.args.get("true"), node.args.get("false")) if branch is not None]
    branches = [case.args["true"] for case in node.args.get("ifs") or ()]
    default = node.args.get("default")
    return [*branches, default] if default is not None else branches


def _common(nodes: list[exp.Expr]) -> str | None:
    if any(get(node) is None for node in nodes):
        return None
    return type_of_sql(f"coalesce({', '.join(str(stand_in(node)) for node in nodes)})")


def common_type(*kinds: str | None) -> str | None:
    """The type that values of all *kinds* have together."""
    if any(kind is None for kind in kinds):
        return None
    return type_of_sql(f"coalesce({', '.join('NULL' if kind == NULL else f'CAST(NULL AS {kind})' for kind in kinds)})")


def _call_type(node: exp.Expr) -> str | None:
    arguments = [stand_in(argument) for argument in node.expressions]
    if None in arguments:
        return None
    inside = ", ".join(str(argument) for argument in arguments)
    if isinstance(node, exp.Array):
        return type_of_sql(f"[{inside}]")
    name = node.name
    return type_of_sql(f"{name}({inside})") or type_of_sql(f"{name}({inside}) OVER (ORDER BY 1)")


def stand_in(node: exp.Expr) -> str | None:
    """SQL that has the type of *node* and no column in it: itself when it is constant, else a NULL of its type."""
    if isinstance(node, exp.Distinct) and len(node.expressions) == 1:
        return stand_in(node.expressions[0])
    if isinstance(node, exp.Order):
        return stand_in(node.this)
    if isinstance(node, exp.Star) or _is_constant(node):
        return str(node.sql(dialect="duckdb"))
    kind = get(node)
    if kind is None:
        return None
    return "NULL" if kind in (NULL, "NULL") else f"CAST(NULL AS {kind})"


def _is_constant(node: exp.Expr) -> bool:
    if isinstance(node, exp.Array):
        return all(isinstance(item, exp.Literal | exp.Cast) for item in node.expressions)
    return isinstance(node.this if isinstance(node, exp.Cast) else node, exp.Literal)


def is_opaque(node: exp.Expr) -> bool:
    """Whether DuckDB cannot see the type of *node* where it chooses a macro."""
    return any(isinstance(found, OPAQUE) or found.meta.get("aggregate") for found in node.walk())


WIDER = {
    "INTEGER": ("INTEGER", "BIGINT", "HUGEINT", "DOUBLE"),
    "BIGINT": ("BIGINT", "HUGEINT", "DOUBLE"),
    "HUGEINT": ("HUGEINT", "BIGINT", "DOUBLE"),
    "DATE": ("DATE", "TIMESTAMP_NS"),
    "VARCHAR": ("VARCHAR", "TIMESTAMP_NS"),
}


def overload(name: str, kinds: list[str]) -> tuple[str, ...] | None:
    """The parameter types of the overload of macro *name* that takes arguments of *kinds*, the narrowest first."""
    best = None
    for parameters in macros.OVERLOADS[name]:
        if len(parameters) != len(kinds):
            continue
        costs = [_cost(kind, parameter) for kind, parameter in zip(kinds, parameters, strict=True)]
        if None in costs:
            continue
        cost = sum(found for found in costs if found is not None)
        if best is None or cost < best[0]:
            best = (cost, parameters)
    return best[1] if best is not None else None


def _cost(kind: str, parameter: str) -> int | None:
    if parameter == kind:
        return 0
    if parameter == "ANY" or (kind.endswith("[]") and parameter.endswith("[]") and _cost(kind[:-2], parameter[:-2])):
        return 3
    if kind in (NULL, "NULL"):
        return 1
    wider = WIDER.get(kind, ())
    return wider.index(parameter) if parameter in wider else None


SHOWN = {"TIMESTAMP_NS": "timestamp", "TIME_NS": "time", "INTERVAL": "interval", "HUGEINT": "bigint", NULL: "unknown"}


_SERIES = re.compile(r'STRUCT\("?time"? TIMESTAMP_NS, "?value"? (.+)\)\[\]')


def series_value_type(kind: str | None) -> str | None:
    """The type of the values of a time series; None for every other type."""
    match = _SERIES.fullmatch(kind or "")
    return match[1] if match else None


def shown_type(kind: str) -> str:
    """The name that Timestream has for a DuckDB type."""
    value = series_value_type(kind)
    if value is not None:
        return f"timeseries({shown_type(value)})"
    return f"array({shown_type(kind[:-2])})" if kind.endswith("[]") else SHOWN.get(kind, kind.lower())


RULES: tuple[tuple[type | tuple[type, ...], Callable[[exp.Expr], str | None]], ...] = (
    (exp.Column, _column_type),
    (exp.Literal, lambda node: "VARCHAR" if node.args["is_string"] else None),
    (exp.Null, lambda _: NULL),
    (exp.Cast, _cast_type),
    (exp.DPipe, _joined_type),
    (PREDICATES, lambda _: "BOOLEAN"),
    (SAME_AS_CHILD, lambda node: get(node.this)),
    (exp.Subquery, _subquery_type),
    ((exp.Anonymous, exp.Array), _call_type),
    ((exp.Case, exp.If), lambda node: _common(_branches(node))),
)
