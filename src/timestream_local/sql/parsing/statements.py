"""Statements: a query string is parsed into a SELECT, a SHOW or DESCRIBE, or an UNLOAD."""

import re
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from timestream_local.protocol.errors import ValidationError
from timestream_local.sql.parsing.dialect import Timestream
from timestream_local.sql.parsing.positions import line_column

LONGEST_QUERY = 262_144


@dataclass(frozen=True, slots=True)
class Selection:
    """A query: the text it stands in and its tree."""

    sql: str
    tree: exp.Expr


@dataclass(frozen=True, slots=True)
class Show:
    """SHOW DATABASES, SHOW TABLES [FROM x], SHOW MEASURES FROM x.y, each with LIKE, and DESCRIBE x.y."""

    what: str
    database: str | None = None
    table: str | None = None
    like: str | None = None


@dataclass(frozen=True, slots=True)
class Unload:
    """UNLOAD (query) TO 's3://…' WITH (…)."""

    query: Selection
    target: str
    options: dict[str, str | list[str]] = field(default_factory=dict)


Statement = Selection | Show | Unload


def syntax_error(sql: str, offset: int) -> ValidationError:
    return ValidationError(f"The query syntax is invalid at line {line_column(max(offset, 0), sql)}")


def parse(sql: str) -> Statement:
    """Parse one statement of Timestream SQL, or raise the ValidationException that says where it goes wrong."""
    tokens = tokenize(sql)
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise syntax_error(sql, 0)
    first = tokens[0].text.upper()
    if first in ("SHOW", "DESCRIBE", "DESC"):
        return _show(sql, tokens)
    if first == "UNLOAD":
        return _unload(sql, tokens)
    if first not in ("SELECT", "WITH", "(", "VALUES", "TABLE"):
        raise syntax_error(sql, tokens[0].start)
    return Selection(sql, parse_query(sql, tokens))


def tokenize(sql: str) -> list[Token]:
    if len(sql.encode()) > LONGEST_QUERY:
        raise ValidationError(
            "1 validation error detected: Value at 'queryString' failed to satisfy constraint: "
            f"Member must have length less than or equal to {LONGEST_QUERY}"
        )
    try:
        return Timestream().tokenize(sql)
    except TokenError as error:
        raise syntax_error(sql, _unclosed(sql)) from error


def _unclosed(sql: str) -> int:
    """Where the last quote opens: what cannot be cut into tokens has one that never closes."""
    return max(sql.rfind("'"), sql.rfind('"'), sql.rfind("/*"), 0)


def parse_query(sql: str, tokens: list[Token]) -> exp.Expr:
    try:
        trees = Timestream().parser().parse(tokens, sql)
    except ParseError as error:
        raise syntax_error(sql, _offset(sql, error)) from error
    except RecursionError as error:
        raise ValidationError("The query is nested too deeply.") from error
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Query | exp.Values):
        raise syntax_error(sql, tokens[0].start)
    return tree


def _offset(sql: str, error: ParseError) -> int:
    if not error.errors:
        return 0
    found = error.errors[0]
    line, column = int(found.get("line") or 1), int(found.get("col") or 1)
    start = sum(len(text) + 1 for text in sql.split("\n")[: line - 1])
    return start + column - max(len(found.get("highlight") or "x"), 1)


def _show(sql: str, tokens: list[Token]) -> Show:
    reader = _Reader(sql, tokens)
    if reader.word() != "SHOW":
        described = reader.table()
        reader.end()
        return Show("DESCRIBE", *described)
    what = reader.word()
    if what not in ("DATABASES", "TABLES", "MEASURES"):
        raise syntax_error(sql, tokens[1].start if len(tokens) > 1 else 0)
    database: str | None = None
    table: str | None = None
    like: str | None = None
    if what != "DATABASES" and reader.skip("FROM", "IN"):
        if what == "TABLES":
            database = reader.name()
        else:
            database, table = reader.table()
    if what == "MEASURES" and table is None:
        raise reader.error()
    if reader.skip("LIKE"):
        like = reader.text()
    reader.end()
    return Show(what, database, table, like)


def _unload(sql: str, tokens: list[Token]) -> Unload:
    reader = _Reader(sql, tokens)
    reader.word()
    inner = reader.parenthesised()
    query = Selection(sql, parse_query(sql, inner))
    reader.expect("TO")
    target = reader.text()
    options: dict[str, str | list[str]] = {}
    if reader.skip("WITH"):
        reader.expect("(")
        while True:
            name = reader.word().lower()
            reader.expect("=")
            options[name] = reader.texts() if reader.skip("ARRAY") else reader.text()
            if not reader.skip(","):
                break
        reader.expect(")")
    reader.end()
    return Unload(query, target, options)


class _Reader:
    """Walks over the tokens of a statement that SQLGlot does not know."""

    def __init__(self, sql: str, tokens: list[Token]) -> None:
        self._sql = sql
        self._tokens = tokens
        self._place = 0

    def error(self) -> ValidationError:
        token = self._tokens[min(self._place, len(self._tokens) - 1)]
        return syntax_error(self._sql, token.start)

    def _take(self) -> Token:
        if self._place >= len(self._tokens):
            raise self.error()
        self._place += 1
        return self._tokens[self._place - 1]

    def word(self) -> str:
        return self._take().text.upper()

    def skip(self, *words: str) -> bool:
        if self._place < len(self._tokens) and self._tokens[self._place].text.upper() in words:
            self._place += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.skip(word):
            raise self.error()

    def name(self) -> str:
        token = self._take()
        if token.token_type is TokenType.STRING or not re.match(r"\w", token.text):
            self._place -= 1
            raise self.error()
        return token.text

    def table(self) -> tuple[str, str]:
        database = self.name()
        self.expect(".")
        return database, self.name()

    def text(self) -> str:
        token = self._take()
        if token.token_type is not TokenType.STRING:
            self._place -= 1
            raise self.error()
        return token.text

    def texts(self) -> list[str]:
        self.expect("[")
        found = [self.text()]
        while self.skip(","):
            found.append(self.text())
        self.expect("]")
        return found

    def parenthesised(self) -> list[Token]:
        """The tokens between a parenthesis and the one that closes it."""
        self.expect("(")
        start, depth = self._place, 1
        while depth:
            kind = self._take().token_type
            depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        return self._tokens[start : self._place - 1]

    def end(self) -> None:
        if self._place < len(self._tokens):
            raise self.error()
