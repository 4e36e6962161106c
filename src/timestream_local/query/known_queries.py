"""Queries that were compiled before: the same text against the same tables is not parsed and translated again."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from timestream_local.catalog.schema import Table
from timestream_local.query.compiler import Compiled, Compiler

MOST_QUERIES = 512
LONGEST_TEXT = 16 * 2**10  # characters: with what it compiles to, all of them stay below 50 MB


@dataclass(frozen=True, slots=True)
class _Known:
    """What a text compiled to, from these tables, of which these rows were readable."""

    compiled: Compiled
    tables: dict[tuple[str, str], Table]
    visible: dict[tuple[str, str], str | None]


class KnownQueries:
    """The latest queries by their text; thread-safe. One that asks for the time is never known."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, text: str, compiler: Compiler) -> Compiled | None:
        """What *compiler* would make of it; None when it has to be asked."""
        with self._lock:
            known = self._known.get(text)
        if known is None or any(compiler.tables.get(key) is not table for key, table in known.tables.items()):
            return None
        if any(compiler.visible(table) != known.visible[key] for key, table in known.tables.items()):
            return None
        return known.compiled

    def keep(self, text: str, compiled: Compiled, compiler: Compiler) -> None:
        """Keep what *compiler* has made of a text, which is all that it has compiled."""
        if compiler.told_the_time or len(text) > LONGEST_TEXT:
            return
        tables = dict(compiler.used)
        visible = {key: compiler.visible(table) for key, table in tables.items()}
        with self._lock:
            self._known[text] = _Known(compiled, tables, visible)
            self._known.move_to_end(text)
            while len(self._known) > MOST_QUERIES:
                self._known.popitem(last=False)
