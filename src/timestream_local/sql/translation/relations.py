"""The relations of a FROM clause (stored tables, UNNEST, VALUES) as DuckDB expressions."""

from sqlglot import exp

from timestream_local.catalog.identifiers import encode
from timestream_local.catalog.schema import Table


def physical(table: Table, *, alias: exp.TableAlias, visible: str | None) -> exp.Expr:
    """A stored table as a subquery that shows its own columns only, and of its rows those that are readable."""
    columns = [exp.column(encode(column.name), quoted=True) for column in table.columns]
    schema, _, name = table.physical_name.partition(".")
    select = exp.select(*columns).from_(exp.table_(name, db=schema))
    if visible is not None:
        select = select.where(exp.condition(visible, dialect="duckdb"))
    return exp.Subquery(this=select, alias=alias)


def unnested(node: exp.Unnest) -> exp.Expr:
    """UNNEST of arrays side by side, padded with NULL as Trino pads, or of one time series into its columns."""
    names = [exp.to_identifier(encode(name), quoted=True) for name in node.meta["columns"]]
    alias = exp.TableAlias(this=node.args["alias"].this)
    arrays = list(node.expressions)
    items: list[exp.Expr] = [exp.Anonymous(this="unnest", expressions=[array.copy()]) for array in arrays]
    if node.meta.get("series"):
        point = exp.select(exp.alias_(items[0], "ts_point")).subquery("ts_points")
        fields = [
            exp.Dot(this=exp.column("ts_point"), expression=exp.to_identifier(name, quoted=True))
            for name in ("time", "value")
        ]
        select = exp.select(*(exp.alias_(value, name) for value, name in zip(fields, names, strict=False)))
        if node.meta["ordinality"]:
            select = select.select(exp.alias_(_positions(arrays), names[-1]))
        return exp.Lateral(this=exp.Subquery(this=select.from_(point)), alias=alias)
    if node.meta["ordinality"]:
        items.append(_positions(arrays))
    select = exp.select(*(exp.alias_(value, name) for value, name in zip(items, names, strict=True)))
    return exp.Lateral(this=exp.Subquery(this=select), alias=alias)


def _positions(arrays: list[exp.Expr]) -> exp.Expr:
    lengths = [exp.Anonymous(this="len", expressions=[array.copy()]) for array in arrays]
    longest = exp.Anonymous(this="greatest", expressions=lengths) if len(lengths) > 1 else lengths[0]
    one = exp.Literal.number(1)
    last = exp.Add(this=longest, expression=one.copy())
    return exp.Anonymous(this="unnest", expressions=[exp.Anonymous(this="range", expressions=[one, last])])


def with_columns(node: exp.Values) -> exp.Expr:
    """Name the columns of VALUES as Trino does, unless the query names them."""
    alias = node.args.get("alias")
    if alias is not None and not alias.args.get("columns"):
        width = len(node.expressions[0].expressions)
        alias.set("columns", [exp.to_identifier(f"_col{index}", quoted=True) for index in range(width)])
    return node
