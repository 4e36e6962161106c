"""Queries that differ in their moments alone: what one of them compiled to tells what the others compile to."""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from timestream_local.query.compiler import Compiled
from timestream_local.sql.translation.comparisons import literal_ns

# Everything in which a quote may stand; of these, texts alone may be moments.
_QUOTED = re.compile(r"""'(?P<text>(?:[^']|'')*)'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/""", re.DOTALL)
_MOMENT = re.compile(r"20\d\d-\d\d-\d\d(?: \d\d:\d\d:\d\d\.\d{9})?", re.ASCII)  # as programs write them
_DAY_CHARACTERS = 10
_MOST_MOMENTS = 300  # of one query
# Two series of moments that no query has by chance: what holds for both holds for any.
_STAND_INS = (2001, 2051)


@dataclass(frozen=True, slots=True)
class QueryShape:
    """The text of a query around its moments, and the distinct moments in the order in which they come first."""

    parts: tuple[str, ...]
    places: tuple[int, ...]  # between the parts: which of the moments
    moments: tuple[str, ...]

    @classmethod
    def of(cls, sql: str) -> "QueryShape":
        parts, places, numbers = [], [], dict[str, int]()
        begin = 0
        for quoted in _QUOTED.finditer(sql):
            text = quoted["text"]
            if text is None or not _MOMENT.fullmatch(text) or literal_ns(text) is None:
                continue
            parts.append(sql[begin : quoted.start("text")])
            places.append(numbers.setdefault(text, len(numbers)))
            begin = quoted.end("text")
        return cls((*parts, sql[begin:]), tuple(places), tuple(numbers))

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for queries that differ in their moments alone, day for day and instant for instant."""
        return self.parts, self.places, tuple(map(len, self.moments))

    def text(self, moments: Sequence[str]) -> str:
        """The query with other *moments*."""
        return _woven(self.parts, [moments[place] for place in self.places])


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a moment stands in DuckDB SQL: as the text that it was, or as its nanoseconds since 1970."""

    moment: int
    as_ns: bool

    def text(self, moments: Sequence[str]) -> str:
        return str(literal_ns(moments[self.moment])) if self.as_ns else moments[self.moment]


@dataclass(frozen=True, slots=True)
class QueryTemplate:
    """What queries of one shape compile to."""

    parts: tuple[str, ...]
    places: tuple[_Place, ...]
    names: list[str]

    @classmethod
    def learned(cls, shape: QueryShape, compile_text: Callable[[str], Compiled]) -> "QueryTemplate | None":
        """What *compile_text* makes of this shape with stand-ins; None when a moment tells more than where it stands.

        It is told by compiling twice, with different stand-ins.
        """
        if not 0 < len(shape.moments) <= _MOST_MOMENTS:
            return None
        first, second = (_stand_ins(shape.moments, year) for year in _STAND_INS)
        template = cls._cut(compile_text(shape.text(first)), first)
        expected = compile_text(shape.text(second))
        return template if template.compiled(second) == expected else None

    @classmethod
    def _cut(cls, compiled: Compiled, moments: Sequence[str]) -> "QueryTemplate":
        found = {moment: _Place(number, as_ns=False) for number, moment in enumerate(moments)}
        found |= {str(literal_ns(moment)): _Place(number, as_ns=True) for number, moment in enumerate(moments)}
        # The longest first: a day also begins an instant of that day.
        wanted = "|".join(map(re.escape, sorted(found, key=len, reverse=True)))
        pieces = re.split(f"(?<!\\d)({wanted})(?!\\d)", compiled.sql)
        return cls(tuple(pieces[::2]), tuple(found[piece] for piece in pieces[1::2]), compiled.names)

    def compiled(self, moments: Sequence[str]) -> Compiled:
        """What the query with these *moments* compiles to."""
        return Compiled(_woven(self.parts, [place.text(moments) for place in self.places]), self.names)


def _stand_ins(moments: Sequence[str], year: int) -> list[str]:
    """As many moments, each as long as the one it stands for, all distinct, also as nanoseconds."""
    return [
        f"{year}-{1 + number // 28:02}-{1 + number % 28:02}"
        + ("" if len(moment) == _DAY_CHARACTERS else f" 07:41:{number % 60:02}.{123_456_000 + number:09}")
        for number, moment in enumerate(moments)
    ]


def _woven(parts: Sequence[str], between: Sequence[str]) -> str:
    return "".join(itertools.chain.from_iterable(itertools.zip_longest(parts, between, fillvalue="")))
