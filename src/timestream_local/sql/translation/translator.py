"""A resolved Timestream query → DuckDB SQL: node by node, and what is not known is refused."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from timestream_local.catalog.identifiers import encode
from timestream_local.catalog.schema import Table
from timestream_local.sql.parsing.positions import refusal
from timestream_local.sql.translation.calls import CallTranslator, wrap_aggregate
from timestream_local.sql.translation.comparisons import COMPARISONS, compare
from timestream_local.sql.translation.generation import ignoring_nulls
from timestream_local.sql.translation.relations import physical, unnested, with_columns
from timestream_local.sql.types.inference import common_type, get, infer, series_value_type

if TYPE_CHECKING:
    from timestream_local.sql.names.scopes import Outputs

# Nodes that mean in DuckDB what they mean in Trino, once their children are translated.
SAME = frozenset(
    (
        *(exp.Select, exp.Subquery, exp.Union, exp.Except, exp.Intersect, exp.With, exp.CTE, exp.TableAlias, exp.From),
        *(exp.Join, exp.Where, exp.Group, exp.GroupingSets, exp.Rollup, exp.Cube, exp.Having, exp.Order, exp.Ordered),
        *(
            exp.Limit,
            exp.Offset,
            exp.Distinct,
            exp.Alias,
            exp.Column,
            exp.Star,
            exp.Paren,
            exp.Tuple,
            exp.Boolean,
            exp.Null,
        ),
        *(exp.And, exp.Or, exp.Not, exp.Is),
        *(exp.Like, exp.Escape, exp.DPipe, exp.Case, exp.If, exp.Exists, exp.Window),
        *(exp.WindowSpec, exp.Filter, exp.Any, exp.All, exp.Array, exp.Var, exp.DataType, exp.Fetch, exp.LimitOptions),
        *(exp.DataTypeParam, exp.Values),
    )
)

ORDINAL_PARENTS = (exp.Limit, exp.Offset, exp.Fetch, exp.Ordered, exp.Group, exp.WindowSpec, exp.DataTypeParam)
MOST_INTEGER = 2**31
GROUPINGS = (exp.Group, exp.GroupingSets, exp.Cube, exp.Rollup)
SOURCES = ("with_", "from_", "joins")


class Translator:
    """Translates one statement. *visible* tells which rows of a table may be read, as a DuckDB condition or None."""

    def __init__(self, sql: str, *, now_ns: int, visible: Callable[[Table], str | None]) -> None:
        self._sql = sql
        self._visible = visible
        self._calls = CallTranslator(sql, now_ns)
        self._forms: dict[type[exp.Expr], Callable[[Any], exp.Expr]] = {
            exp.Identifier: _identifier,
            exp.Literal: _literal,
            exp.Table: self._table,
            exp.Unnest: unnested,
            exp.Values: with_columns,
            exp.IgnoreNulls: ignoring_nulls,
            exp.RespectNulls: lambda node: node.this,
        }

    @property
    def told_the_time(self) -> bool:
        """Whether the translation holds the instant for which it was made."""
        return self._calls.told_the_time

    def translate(self, root: exp.Expr) -> exp.Expr:
        """Return *root* in DuckDB's terms; its nodes are changed in place."""
        for node in list(root.find_all(exp.Anonymous)):
            wrap_aggregate(node)
        return self._walk(root)

    def _walk(self, node: exp.Expr) -> exp.Expr:
        """Translate the children of *node*, then itself: sources before what reads them, so that types are known."""
        for child in sorted(node.iter_expressions(), key=_sources_first):
            translated = self._walk(child)
            if translated is not child:
                child.replace(translated)
        translated = self._node(node)
        infer(translated)
        if translated is not node and "outputs" in node.meta:
            translated.meta["outputs"] = node.meta["outputs"]
        if "outputs" in node.meta:
            complete(node)
        return translated

    def _node(self, node: exp.Expr) -> exp.Expr:
        form = self._forms.get(type(node))
        if form is not None:
            return form(node)
        if isinstance(node, COMPARISONS):
            return compare(node, self._sql)
        if isinstance(node, exp.Tuple) and not node.expressions and not isinstance(node.parent, GROUPINGS):
            raise refusal(node, self._sql, "A row needs one value at least")
        if type(node) in SAME:
            return node
        if isinstance(node, exp.Lambda) and isinstance(node.parent, exp.Anonymous):
            message = f"Function '{node.parent.name}' is not supported by this local Timestream: lambda functions"
            raise refusal(node.parent, self._sql, message)
        translated = self._calls.translate(node)
        if translated is None:
            raise refusal(node, self._sql, f"{node.key.upper()} is not supported by this local Timestream")
        return translated

    def _table(self, node: exp.Table) -> exp.Expr:
        if node.meta.get("common"):
            return node
        table: Table = node.meta["table"]
        return physical(table, alias=node.args["alias"], visible=self._visible(table))


def _sources_first(node: exp.Expr) -> int:
    return SOURCES.index(node.arg_key) if node.arg_key in SOURCES else len(SOURCES)


def complete(node: exp.Expr) -> None:
    """Write down the types of a query's columns, now that all of it is translated."""
    outputs: Outputs = node.meta["outputs"]
    if isinstance(node, exp.Unnest):
        outputs.types[:] = _unnested_types(node)
    elif isinstance(node, exp.Select):
        outputs.types[:] = [get(projection) for projection in node.expressions]
    elif isinstance(node, exp.SetOperation):
        sides = zip(node.left.meta["outputs"].types, node.right.meta["outputs"].types, strict=False)
        outputs.types[:] = [common_type(*kinds) for kinds in sides]
    elif isinstance(node, exp.Values):
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        outputs.types[:] = [common_type(*map(get, column)) for column in zip(*rows, strict=False)]


def _unnested_types(node: exp.Unnest) -> list[str | None]:
    kinds = [get(array) for array in node.expressions]
    if node.meta.get("series"):
        types: list[str | None] = ["TIMESTAMP_NS", series_value_type(kinds[0])]
    else:
        types = [kind[:-2] if kind is not None and kind.endswith("[]") else None for kind in kinds]
    return [*types, "BIGINT"] if node.meta["ordinality"] else types


def _identifier(node: exp.Identifier) -> exp.Expr:
    node.set("this", encode(node.this))
    node.set("quoted", True)  # noqa: FBT003 - SQLGlot's signature
    return node


def _literal(node: exp.Literal) -> exp.Expr:
    """Give numbers Trino's types: 1 is INTEGER, 3000000000 BIGINT, 1.5 DOUBLE; ordinals and limits stay as they are."""
    if node.is_string or isinstance(node.parent, ORDINAL_PARENTS):
        return node
    if node.this.isdigit():
        kind = "INTEGER" if int(node.this) < MOST_INTEGER else "BIGINT"
        return exp.Cast(this=exp.Literal.number(node.this), to=exp.DataType.build(kind))
    return exp.Cast(this=exp.Literal.string(node.this), to=exp.DataType.build("DOUBLE"))
