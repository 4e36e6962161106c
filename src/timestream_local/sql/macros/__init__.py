"""DuckDB macros that give Timestream's meaning where DuckDB's own differs.

A macro is inlined when a query is bound, so it costs nothing at run time. Rules from "Query language reference" in the
developer guide, and from Trino's documentation, which that guide reprints, where it is silent.
"""

from timestream_local.sql.macros import arrays, conversions, numbers, operators, sequences, series, texts, times
from timestream_local.sql.macros.definition import OVERLOADS, typed_name

MADE = (
    *operators.operators(),
    *conversions.casts(),
    *times.times(),
    *numbers.numbers(),
    *texts.texts(),
    *arrays.arrays(),
    *sequences.sequences(),
    *series.series(),
)
STATEMENTS: tuple[str, ...] = tuple(statement for made in MADE for statement in made)

__all__ = ["OVERLOADS", "STATEMENTS", "typed_name"]
