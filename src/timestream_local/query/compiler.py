"""A statement of Timestream SQL → the DuckDB SQL that answers it, against one state of the catalog."""
# ruff: noqa: S608 - names are quoted, texts are literals

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from timestream_local.catalog.identifiers import literal, quoted
from timestream_local.catalog.schema import Table
from timestream_local.protocol.errors import ValidationError
from timestream_local.sql.names.resolver import Resolver
from timestream_local.sql.parsing.positions import position
from timestream_local.sql.parsing.statements import Selection, Show
from timestream_local.sql.translation.generation import duckdb_sql
from timestream_local.sql.translation.translator import Translator
from timestream_local.store.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Compiled:
    """DuckDB SQL, and the names of its columns as Timestream has them."""

    sql: str
    names: list[str]


class Compiler:
    """Compiles for one instant: now() is the same in all of a query, and so is what is readable."""

    def __init__(self, catalog: Catalog, now_ns: int) -> None:
        self._catalog = catalog
        self._now_ns = now_ns
        self.used: dict[tuple[str, str], Table] = {}  # the tables of what was compiled
        self.told_the_time = False  # whether what was compiled holds this instant

    @property
    def tables(self) -> Mapping[tuple[str, str], Table]:
        return self._catalog.tables

    def again(self) -> "Compiler":
        """One for the same instant and the same catalog, which has compiled nothing yet."""
        return Compiler(self._catalog, self._now_ns)

    def selection(self, selection: Selection) -> Compiled:
        """Compile a query; its tree is used up."""
        sql, tree = selection.sql, selection.tree
        try:
            outputs = Resolver(sql, lambda node: self._find(node, sql)).query(tree, {})
            translator = Translator(sql, now_ns=self._now_ns, visible=self.visible)
            translated = translator.translate(tree)
            self.told_the_time |= translator.told_the_time
            return Compiled(duckdb_sql(translated), outputs.names)
        except RecursionError as error:
            raise ValidationError("The query is nested too deeply.") from error

    def visible(self, table: Table) -> str | None:
        """The DuckDB condition for rows that retention has not dropped and that are readable by now."""
        conditions = []
        oldest = self._now_ns - table.retention.total_ns
        if oldest > 0:
            conditions.append(f'"time" >= make_timestamp_ns({oldest})')
        if table.id in self._catalog.late_tables:
            conditions.append(f"ts_visible_at <= {self._now_ns}")
            conditions.append(f"(ts_hidden_at IS NULL OR ts_hidden_at > {self._now_ns})")
        return " AND ".join(conditions) or None

    def _find(self, node: exp.Table, sql: str) -> Table:
        where = position(node, sql)
        if not node.db:
            raise ValidationError(f"line {where}: Schema must be specified when session schema is not set")
        return self.table(node.db, node.name, where)

    def table(self, database: str, name: str, where: str) -> Table:
        identifier = f"'{database}.{name}' at line {where}"
        if database not in self._catalog.databases:
            raise ValidationError(f"Requested database '{database}' not found for identifier {identifier}")
        if (database, name) not in self._catalog.tables:  # text unconfirmed, after the one for databases
            raise ValidationError(f"Requested table '{name}' not found for identifier {identifier}")
        table = self.used[database, name] = self._catalog.tables[database, name]
        return table

    def show(self, show: Show) -> Compiled:
        """SHOW and DESCRIBE: the columns are those of "SQL support" in the developer guide."""
        if show.what == "DESCRIBE":
            table = self.table(str(show.database), str(show.table), "1:10")
            rows = [(column.name, column.type.value.lower(), column.kind.value) for column in table.columns]
            return _constant(["Column", "Type", "Timestream attribute type"], rows)
        if show.what == "DATABASES":
            return _constant(["Database"], [(name,) for name in sorted(self._catalog.databases)], show.like)
        if show.what == "TABLES":
            keys = sorted(key for key in self._catalog.tables if show.database in (None, key[0]))
            if show.database is not None and show.database not in self._catalog.databases:
                raise ValidationError(f"Requested database '{show.database}' not found")
            return _constant(["Table"], [(name,) for _, name in keys], show.like)
        return self._measures(show)

    def _measures(self, show: Show) -> Compiled:
        """SHOW MEASURES: each measure name with its type and the dimensions that it was written with."""
        table = self.table(str(show.database), str(show.table), "1:20")
        dimensions = [column.name for column in table.columns if column.kind == "DIMENSION"]
        singles = [column.name for column in table.added if column.kind == "MEASURE_VALUE"]
        kinds = "".join(f"WHEN {quoted(name)} IS NOT NULL THEN '{name.partition('::')[2]}' " for name in singles)
        kind = f"CASE {kinds} ELSE 'multi' END" if kinds else "'multi'"
        point = "{{'dimension_name': {}, 'data_type': 'varchar'}}"
        points = ", ".join(
            f"CASE WHEN bool_or({quoted(name)} IS NOT NULL) THEN {point.format(literal(name))} END"
            for name in dimensions
        )
        like = f" WHERE measure_name LIKE {literal(show.like)}" if show.like is not None else ""
        source = f"(SELECT *, {kind} AS ts_type FROM {table.physical_name} WHERE {self.visible(table) or 'true'})"
        listed = f"list_filter([{points}], lambda d: d IS NOT NULL)" if points else "[]"
        sql = (
            f"SELECT measure_name, ts_type, {listed} FROM {source}{like} "
            "GROUP BY measure_name, ts_type ORDER BY measure_name, ts_type"
        )
        return Compiled(sql, ["measure_name", "data_type", "dimensions"])


def _constant(names: list[str], rows: Sequence[tuple[str, ...]], like: str | None = None) -> Compiled:
    columns = ", ".join(f"c{index}" for index in range(len(names)))
    values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    source = f"(VALUES {values})" if rows else f"(SELECT {', '.join(['NULL::VARCHAR'] * len(names))} WHERE false)"
    condition = f" WHERE c0 LIKE {literal(like)}" if like is not None else ""
    return Compiled(f"SELECT * FROM {source} AS t({columns}){condition}", names)
