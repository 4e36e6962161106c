"""Timestream SQL as a SQLGlot dialect: Trino's grammar with interval literals and ``measure_value::type`` columns.

Sources: "Query language reference" of the developer guide, which takes its grammar from Trino. Functions stay plain
calls in the tree: what each means is decided in `timestream_local.sql.functions`, not by SQLGlot's own tables.
"""

import re
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

INTERVAL_LITERAL = "ts_interval_literal"
"""The call that an interval literal such as ``15m`` becomes: ts_interval_literal('15', 'm')."""

# "Date / time functions", interval and duration: each unit has its short form and its name.
INTERVAL_UNITS = frozenset(
    (
        *("ns", "us", "ms", "s", "m", "h", "d", "nanosecond", "microsecond", "millisecond", "second", "minute", "hour"),
        *("day", "week", "month", "year"),
    )
)

MEASURE_TYPES = frozenset(("bigint", "boolean", "double", "varchar", "timestamp"))
_COUNT = re.compile(r"[0-9]+(\.[0-9]+)?")


# Words that Trino does not reserve and SQLGlot does.
NOT_RESERVED = {TokenType.GRANT, TokenType.REVOKE, TokenType.ROLLBACK, TokenType.RETURNING}


class TimestreamTokenizer(Trino.Tokenizer):
    """Finds the tokens that no other SQL has."""

    COMMANDS: ClassVar[set[TokenType]] = set()  # SHOW too is cut into tokens, not kept as one piece of text

    def tokenize(self, sql: str) -> list[Token]:
        tokens: list[Token] = []
        pending = super().tokenize(sql)
        index = 0
        while index < len(pending):
            token = pending[index]
            following = pending[index + 1] if index + 1 < len(pending) else None
            if _is_interval(token, following):
                tokens.extend(_interval_call(token, following))
                index += 2
            elif _is_measure_column(pending, index):
                tokens.append(_measure_column(token, pending[index + 2]))
                index += 3
            else:
                tokens.append(token)
                index += 1
        return tokens


def _is_interval(token: Token, following: Token | None) -> bool:
    return (
        token.token_type is TokenType.NUMBER
        and _COUNT.fullmatch(token.text) is not None
        and following is not None
        and following.start == token.end + 1
        and following.token_type is not TokenType.IDENTIFIER
        and following.text.lower() in INTERVAL_UNITS
    )


def _interval_call(number: Token, unit: Token | None) -> list[Token]:
    texts = [
        (TokenType.VAR, INTERVAL_LITERAL),
        (TokenType.L_PAREN, "("),
        (TokenType.STRING, number.text),
        (TokenType.COMMA, ","),
        (TokenType.STRING, unit.text.lower() if unit else ""),
        (TokenType.R_PAREN, ")"),
    ]
    return [_at(number, kind, text) for kind, text in texts]


def _is_measure_column(tokens: list[Token], index: int) -> bool:
    """``measure_value::double`` is the name of a column, not a cast ("Data model")."""
    named = tokens[index : index + 3]
    return (
        len(named) == len(("name", "::", "type"))
        and named[0].token_type is TokenType.VAR
        and named[0].text == "measure_value"
        and named[1].token_type is TokenType.DCOLON
        and named[2].text.lower() in MEASURE_TYPES
    )


def _measure_column(token: Token, kind: Token) -> Token:
    return _at(token, TokenType.IDENTIFIER, f"measure_value::{kind.text.lower()}")


def _at(token: Token, kind: TokenType, text: str) -> Token:
    """A token of another kind at the position of *token*, so that errors point to what was written."""
    return Token(kind, text, line=token.line, col=token.col, start=token.start, end=token.end)


class TimestreamParser(TrinoParser):
    """Trino's parser without SQLGlot's knowledge of functions, which it would rewrite on the way."""

    FUNCTIONS: ClassVar = {}
    FUNCTION_PARSERS: ClassVar = {
        name: TrinoParser.FUNCTION_PARSERS[name] for name in ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "TRIM")
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar = {name: TrinoParser.NO_PAREN_FUNCTION_PARSERS[name] for name in ("CASE", "IF")}
    NO_PAREN_FUNCTIONS: ClassVar = {
        **TrinoParser.NO_PAREN_FUNCTIONS,
        TokenType.CURRENT_TIMESTAMP: exp.CurrentTimestamp,
        TokenType.LOCALTIME: exp.Localtime,
        TokenType.LOCALTIMESTAMP: exp.Localtimestamp,
    }
    ID_VAR_TOKENS: ClassVar = TrinoParser.ID_VAR_TOKENS | NOT_RESERVED
    TABLE_ALIAS_TOKENS: ClassVar = TrinoParser.TABLE_ALIAS_TOKENS | NOT_RESERVED
    ALIAS_TOKENS: ClassVar = TrinoParser.ALIAS_TOKENS | NOT_RESERVED


class Timestream(Trino):
    """The dialect; register it by importing this module, then ``sqlglot.parse_one(sql, read="timestream")``."""

    INDEX_OFFSET = 0  # subscripts stay as written, the macro behind them counts from 1 as Trino does

    Tokenizer = TimestreamTokenizer
    Parser = TimestreamParser
