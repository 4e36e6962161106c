"""What the parts of a query can see: columns with their types, relations, scopes."""

from dataclasses import dataclass, field

from sqlglot import exp

from timestream_local.catalog.identifiers import encode


@dataclass(slots=True)
class Outputs:
    """The columns of a query or table. Types are DuckDB's, None while or where they are not known."""

    names: list[str]
    types: list[str | None]

    @classmethod
    def unknown(cls, names: list[str]) -> "Outputs":
        return cls(names, [None] * len(names))

    def renamed(self, alias: exp.Expr | None) -> "Outputs":
        """The same columns under the names that an alias with columns gives; the types are one list."""
        columns = alias.args.get("columns") if alias is not None else None
        return Outputs([column.name for column in columns], self.types) if columns else self

    def type_of(self, name: str) -> str | None:
        """The type of a column, by the name as it is written or as DuckDB has it."""
        for known, kind in zip(self.names, self.types, strict=True):
            if name in (known, encode(known)):
                return kind
        return None

    def __deepcopy__(self, _memo: object) -> "Outputs":
        """SQLGlot copies what hangs on its nodes; types that are found later must reach every copy."""
        return self


@dataclass(slots=True)
class Relation:
    """One source of a SELECT: its name as written, its columns, its database when it is a table.

    *internal* is the name that DuckDB gets: two relations may have the same *alias*, as in Trino.
    """

    alias: str
    internal: str
    outputs: Outputs
    database: str | None = None

    @property
    def columns(self) -> list[str]:
        return self.outputs.names


@dataclass(slots=True)
class Scope:
    """What one SELECT can see: its sources, the columns that USING made one, and what is around it."""

    outer: "Scope | None"
    relations: list[Relation] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)

    def find(self, column: exp.Column) -> list[Relation]:
        name, table, database = column.name, column.table, column.db
        return [
            relation
            for relation in self.relations
            if name in relation.columns
            and (not table or relation.alias == table)
            and (not database or relation.database == database)
        ]


CommonTables = dict[str, Outputs]
"""The columns of each table of a WITH clause, by its name."""
