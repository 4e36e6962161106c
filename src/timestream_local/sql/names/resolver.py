"""Names resolved: every column is bound to its relation, stars are expanded, result columns are named.

DuckDB would find columns by itself, but in its own way: it folds case, lets WHERE and other projections see an alias,
and knows nothing of ``_col0``. Rules from Trino's analyzer; texts of the errors as captured from Timestream.
"""

from collections.abc import Callable

from sqlglot import exp

from timestream_local.catalog.schema import Table
from timestream_local.protocol.errors import ValidationError
from timestream_local.sql.names.scopes import CommonTables, Outputs, Relation, Scope
from timestream_local.sql.parsing.positions import line_column, refusal

SERIES_COLUMNS = ["time", "value"]
"""What UNNEST makes of a time series ("Timeseries views")."""


class Resolver:
    """Resolves one statement in place."""

    def __init__(self, sql: str, table: Callable[[exp.Table], Table]) -> None:
        """*table* finds a table of the catalog or raises the error that names it."""
        self._sql = sql
        self._table = table
        self._unnamed = 0

    def query(self, node: exp.Expr, common: CommonTables, outer: Scope | None = None) -> Outputs:
        """Resolve a query of any form and return its columns; their types come with the translation."""
        outputs = self._query(node, common, outer)
        node.meta["outputs"] = outputs
        return outputs

    def _query(self, node: exp.Expr, common: CommonTables, outer: Scope | None) -> Outputs:
        common = self._common_tables(node, common, outer)
        if isinstance(node, exp.Subquery):
            return self.query(node.this, common, outer)
        if isinstance(node, exp.SetOperation):
            left = self.query(node.left, common, outer)
            right = self.query(node.right, common, outer)
            if len(left.names) != len(right.names):
                counts = f"{len(left.names)}, {len(right.names)}"
                raise refusal(node, self._sql, f"{node.key.upper()} query has different number of fields: {counts}")
            self._tail(node, Scope(outer), common, left.names)
            return Outputs.unknown(left.names)
        if isinstance(node, exp.Select):
            return self._select(node, common, outer)
        if isinstance(node, exp.Values):
            _rows_as_tuples(node)
            self._expressions(node.expressions, Scope(outer), common)
            names = _values_columns(node)
            if any(_width(row) != len(names) for row in node.expressions):
                raise refusal(node, self._sql, "Values rows have mismatched sizes")
            return Outputs.unknown(names)
        if isinstance(node, exp.Table):  # TABLE x
            raise refusal(node, self._sql, "TABLE is not supported here, use SELECT * FROM")
        raise refusal(node, self._sql, f"{node.key.upper()} is not supported")

    def _common_tables(self, node: exp.Expr, common: CommonTables, outer: Scope | None) -> CommonTables:
        given = node.args.get("with_")
        if given is None:
            return common
        if given.args.get("recursive"):
            raise refusal(node, self._sql, "WITH RECURSIVE is not supported")
        common = dict(common)
        for table in given.expressions:
            outputs = self.query(table.this, common, outer)
            self._check_columns(table.args.get("alias"), outputs)
            common[table.alias] = outputs.renamed(table.args.get("alias"))
        return common

    def _select(self, node: exp.Select, common: CommonTables, outer: Scope | None) -> Outputs:
        if not node.expressions:
            raise ValidationError(f"The query syntax is invalid at line {line_column(len(self._sql), self._sql)}")
        scope = Scope(outer)
        source = node.args.get("from_")
        if source is not None:
            self._relation(source.this, scope, common)
        for join in node.args.get("joins") or ():
            self._join(join, scope, common)
        node.set("expressions", self._without_stars(node.expressions, scope))
        for expression in node.expressions:
            self._expression(expression, scope, common)
        for part in ("where", "group", "having", "windows"):
            self._part(node.args.get(part), scope, common)
        names = self._name_outputs(node)
        self._tail(node, scope, common, names)
        return Outputs.unknown(names)

    def _tail(self, node: exp.Expr, scope: Scope, common: CommonTables, names: list[str]) -> None:
        """ORDER BY sees the outputs first; LIMIT and OFFSET see nothing."""
        order = node.args.get("order")
        if order is not None:
            for ordered in order.expressions:
                self._expression(ordered, scope, common, outputs=names)

    def _part(self, part: exp.Expr | list[exp.Expr] | None, scope: Scope, common: CommonTables) -> None:
        if isinstance(part, list):
            self._expressions(part, scope, common)
        elif part is not None:
            self._expression(part, scope, common)

    def _expressions(self, nodes: list[exp.Expr], scope: Scope, common: CommonTables) -> None:
        for node in nodes:
            self._expression(node, scope, common)

    def _expression(self, node: exp.Expr, scope: Scope, common: CommonTables, outputs: list[str] | None = None) -> None:
        if isinstance(node, exp.Query):
            self.query(node, common, scope)
        elif isinstance(node, exp.Column):
            self._column(node, scope, outputs)
        else:
            for child in list(node.iter_expressions()):
                self._expression(child, scope, common, outputs)

    def _column(self, node: exp.Column, scope: Scope, outputs: list[str] | None) -> None:
        if "outputs" in node.meta or (outputs and not node.table and node.name in outputs):
            return  # a star has put it here, or it is a column of the result
        around: Scope | None = scope
        while around is not None:
            found = around.find(node)
            if not node.table and node.name in around.merged:
                node.meta["outputs"] = found[0].outputs
                return
            if len(found) > 1:
                raise refusal(node, self._sql, f"Column '{node.name}' is ambiguous")
            if found:
                node.set("table", exp.to_identifier(found[0].internal))
                node.set("db", None)
                node.meta["outputs"] = found[0].outputs
                return
            around = around.outer
        written = ".".join(part.name for part in node.parts)
        raise refusal(node, self._sql, f"Column '{written}' does not exist")

    def _join(self, join: exp.Join, scope: Scope, common: CommonTables) -> None:
        self._relation(join.this, scope, common)
        if join.method or join.kind in ("SEMI", "ANTI"):
            raise refusal(join, self._sql, f"{join.method or join.kind} JOIN is not supported")
        on = join.args.get("on")
        if on is not None:
            self._expression(on, scope, common)
        for column in join.args.get("using") or ():
            if sum(column.name in relation.columns for relation in scope.relations) <= 1:
                raise refusal(column, self._sql, f"Column '{column.name}' is missing from one side of the join")
            if column.name not in scope.merged:
                scope.merged.append(column.name)

    def _relation(self, node: exp.Expr, scope: Scope, common: CommonTables) -> None:
        """Add what FROM or JOIN names to *scope*, and give it an alias if it has none."""
        database = None
        if isinstance(node, exp.Table):
            if node.args.get("sample") is not None or node.args.get("joins"):
                raise refusal(node, self._sql, "Neither TABLESAMPLE nor nested joins are supported")
            if not node.db and node.name in common:
                outputs = common[node.name]
                node.meta["common"] = True
            else:
                table = self._table(node)
                kinds: list[str | None] = [column.type.stored_as for column in table.columns]
                outputs = Outputs([column.name for column in table.columns], kinds)
                node.meta["table"] = table
                database = table.database
            default = node.name
        elif isinstance(node, exp.Unnest):
            self._expressions(node.expressions, scope, common)
            outputs, default = Outputs.unknown(self._unnested(node)), ""
            node.meta["outputs"] = outputs
        elif isinstance(node, exp.Subquery | exp.Values):
            outputs, default = self.query(node, common, scope.outer), ""
        else:
            raise refusal(node, self._sql, f"{node.key.upper()} is not supported in FROM")
        given = node.args.get("alias")
        self._check_columns(given, outputs)
        written = str(given.name) if given is not None and given.name else default
        taken = any(relation.alias == written for relation in scope.relations)
        internal = written if written and not taken else self._next_name()
        if given is None or given.name != internal:
            columns = given.args.get("columns") if given is not None else None
            node.set("alias", exp.TableAlias(this=exp.to_identifier(internal), columns=columns))
        scope.relations.append(Relation(written, internal, outputs.renamed(given), database))

    def _next_name(self) -> str:
        self._unnamed += 1
        return f"ts_r{self._unnamed}"

    def _check_columns(self, alias: exp.Expr | None, outputs: Outputs) -> None:
        """Refuse an alias that does not name every column, as Trino does."""
        columns = (alias.args.get("columns") or ()) if alias is not None else ()
        if columns and len(columns) != len(outputs.names):
            raise refusal(
                columns[0],
                self._sql,
                f"Column alias list has {len(columns)} entries but relation has {len(outputs.names)} columns",
            )

    def _unnested(self, node: exp.Unnest) -> list[str]:
        """One column an array, ``time`` and ``value`` for a time series, and one for WITH ORDINALITY."""
        alias = node.args.get("alias")
        columns = list(alias.args.get("columns") or ()) if alias is not None else []
        offset = node.args.get("offset")
        ordinality = bool(offset)
        if isinstance(offset, exp.Identifier) and alias is not None:  # SQLGlot takes the last column for the ordinality
            columns.append(offset.copy())
            alias.set("columns", columns)
        arrays = len(node.expressions)
        wanted = len(columns) - ordinality
        if arrays == 1 and wanted != 1:
            node.meta["series"] = True
            names = [*SERIES_COLUMNS, *(["ordinality"] if ordinality else [])]
        else:
            names = [f"_col{index}" for index in range(arrays + ordinality)]
        if columns and len(columns) != len(names):
            raise refusal(
                node, self._sql, f"Column alias list has {len(columns)} entries but relation has {len(names)} columns"
            )
        node.meta["columns"] = [column.name for column in columns] or names
        node.meta["ordinality"] = ordinality
        return names

    def _without_stars(self, projections: list[exp.Expr], scope: Scope) -> list[exp.Expr]:
        expanded: list[exp.Expr] = []
        for projection in projections:
            inner = projection.this if isinstance(projection, exp.Alias) else projection
            star = inner.this if isinstance(inner, exp.Column) else inner
            if isinstance(star, exp.Star) and (inner is not projection or any(star.args.values())):
                raise refusal(projection, self._sql, "A star takes neither an alias nor EXCEPT, REPLACE or RENAME")
            if isinstance(projection, exp.Star):
                if not scope.relations:
                    raise refusal(projection, self._sql, "SELECT * not allowed in queries without FROM clause")
                expanded.extend(exp.column(name) for name in scope.merged)
                for relation in scope.relations:
                    names = [name for name in relation.columns if name not in scope.merged]
                    expanded.extend(_column_of(relation, name) for name in names)
            elif isinstance(projection, exp.Column) and isinstance(projection.this, exp.Star):
                found = [relation for relation in scope.relations if relation.alias == projection.table]
                if not found:
                    raise refusal(projection, self._sql, f"Table '{projection.table}' not found")
                expanded.extend(_column_of(found[0], name) for name in found[0].columns)
            else:
                expanded.append(projection)
        return expanded

    def _name_outputs(self, node: exp.Select) -> list[str]:
        """Name what has no name ``_col<position>``, as Timestream does."""
        names = []
        for position, projection in enumerate(node.expressions):
            plain = projection.unnest()
            if isinstance(projection, exp.Alias):
                names.append(projection.alias)
            elif isinstance(plain, exp.Column):
                names.append(plain.name)
            else:
                names.append(f"_col{position}")
            if not isinstance(projection, exp.Alias):
                named = exp.Alias(alias=exp.to_identifier(names[-1], quoted=True))
                projection.replace(named)
                named.set("this", projection)
        return names


def _column_of(relation: Relation, name: str) -> exp.Column:
    """A column of *relation* that needs no look-up."""
    column = exp.column(name, table=relation.internal)
    column.meta["outputs"] = relation.outputs
    return column


def _values_columns(node: exp.Values) -> list[str]:
    return [f"_col{index}" for index in range(_width(node.expressions[0]))]


def _width(row: exp.Expr) -> int:
    return len(row.expressions) if isinstance(row, exp.Tuple) else 1


def _rows_as_tuples(node: exp.Values) -> None:
    """``VALUES ROW(1, 2)`` has two columns, like ``VALUES (1, 2)``."""
    for row in node.expressions:
        inner = row.expressions[0] if isinstance(row, exp.Tuple) and len(row.expressions) == 1 else row
        if isinstance(inner, exp.Anonymous) and inner.name.lower() == "row":
            row.replace(exp.Tuple(expressions=inner.expressions))
