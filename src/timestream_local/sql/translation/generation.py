"""A translated tree → the text of DuckDB SQL."""

from collections.abc import Callable
from typing import ClassVar

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError
from sqlglot.generators.duckdb import DuckDBGenerator

from timestream_local.protocol.errors import ValidationError


class _Generator(DuckDBGenerator):
    """DuckDB has IGNORE NULLS at the end of the arguments; SQLGlot puts it there for functions that it knows only."""

    TRANSFORMS: ClassVar[dict[type[exp.Expr], Callable[..., str]]] = {
        **DuckDBGenerator.TRANSFORMS,
        exp.IgnoreNulls: lambda self, node: f"{self.sql(node, 'this')} IGNORE NULLS",
    }


def duckdb_sql(tree: exp.Expr) -> str:
    """Write *tree* out; what SQLGlot would leave out with a warning is an error here."""
    try:
        generator = _Generator(dialect="duckdb", unsupported_level=ErrorLevel.RAISE, comments=False)
        return str(generator.generate(tree, copy=False))  # it is written out once
    except UnsupportedError as error:
        raise ValidationError(f"Not supported by this local Timestream: {error}") from error


def ignoring_nulls(node: exp.IgnoreNulls) -> exp.Expr:
    """Move IGNORE NULLS behind the last argument of the function it stands after."""
    function: exp.Expr = node.this
    function.expressions[-1].replace(exp.IgnoreNulls(this=function.expressions[-1].copy()))
    return function
