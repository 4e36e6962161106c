"""Queries that were compiled before: the same text against the same tables is not parsed and translated again.

Nor is one that differs from others in its moments alone, as those of a program do.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from timestream_local.catalog.schema import Table
from timestream_local.protocol.errors import ServiceError
from timestream_local.query.compiler import Compiled, Compiler
from timestream_local.query.query_shapes import QueryShape, QueryTemplate
from timestream_local.sql.parsing.statements import Selection, parse

MOST_QUERIES = 512
LONGEST_TEXT = 16 * 2**10  # characters: with what it compiles to, all of them stay below 50 MB

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Known(Generic[Value]):
    """What a text or a shape compiled to, from these tables, of which these rows were readable."""

    value: Value
    tables: dict[tuple[str, str], Table]
    visible: dict[tuple[str, str], str | None]

    @classmethod
    def by(cls, compiler: Compiler, value: Value) -> "_Known[Value]":
        tables = dict(compiler.used)
        return cls(value, tables, {key: compiler.visible(table) for key, table in tables.items()})

    def holds_for(self, compiler: Compiler) -> bool:
        """Whether *compiler* would find the same tables with the same rows."""
        return all(
            compiler.tables.get(key) is table and compiler.visible(table) == self.visible[key]
            for key, table in self.tables.items()
        )


class KnownQueries:
    """The latest queries by their text, and by their shape; thread-safe. One that asks for the time is never known."""

    def __init__(self) -> None:
        self._texts: OrderedDict[Hashable, _Known[Compiled]] = OrderedDict()
        self._shapes: OrderedDict[Hashable, _Known[QueryTemplate | None] | None] = OrderedDict()  # None: met once
        self._lock = threading.Lock()

    def find(self, text: str, compiler: Compiler) -> Compiled | None:
        """What *compiler* would make of it; None when it has to be asked."""
        if len(text) > LONGEST_TEXT:
            return None
        with self._lock:
            known = self._texts.get(text)
        if known is not None:
            return known.value if known.holds_for(compiler) else None
        shape = QueryShape.of(text)
        with self._lock:
            template = self._shapes.get(shape.key)
        if template is None or template.value is None or not template.holds_for(compiler):
            return None
        return template.value.compiled(shape.moments)

    def keep(self, text: str, compiled: Compiled, compiler: Compiler) -> None:
        """Keep what *compiler* has made of a text, which is all that it has compiled."""
        if compiler.told_the_time or len(text) > LONGEST_TEXT:
            return
        shape = QueryShape.of(text)
        with self._lock:
            is_new = shape.key not in self._shapes
            earlier = self._shapes.get(shape.key)
            _put(self._texts, text, _Known.by(compiler, compiled))
            if is_new:
                _put(self._shapes, shape.key, None)
        # To learn a shape costs two compilations: only one that comes again is worth that.
        if not is_new and (earlier is None or not earlier.holds_for(compiler)):
            learned = _Known.by(compiler, _learned(shape, compiler))
            with self._lock:
                _put(self._shapes, shape.key, learned)


def _learned(shape: QueryShape, compiler: Compiler) -> QueryTemplate | None:
    def compile_text(text: str) -> Compiled:
        statement = parse(text)
        assert isinstance(statement, Selection)  # noqa: S101 -- as the text of the same shape was
        return compiler.again().selection(statement)

    try:
        return QueryTemplate.learned(shape, compile_text)
    except ServiceError:
        return None  # it takes some moments only


def _put(known: OrderedDict[Hashable, Value], key: Hashable, value: Value) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > MOST_QUERIES:
        known.popitem(last=False)
