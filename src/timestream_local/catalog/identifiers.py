"""Names: how Timestream's case-sensitive ones are kept in DuckDB, which folds case.

Every capital letter becomes ``^`` and the small one, a ``^`` becomes ``^^``: two names that differ in case alone stay
two names, and the mapping can be undone. Timestream names are case-sensitive (developer guide, "Naming constraints").
"""

import re

_TO_ENCODE = re.compile(r"[A-Z^]")
_TO_DECODE = re.compile(r"\^(.)")


def encode(name: str) -> str:
    return _TO_ENCODE.sub(lambda match: f"^{match[0].lower()}", name)


def decode(name: str) -> str:
    return _TO_DECODE.sub(lambda match: match[1].upper(), name)


def quoted(name: str) -> str:
    """Return *name*, encoded, as a DuckDB identifier that nothing inside it can escape from."""
    escaped = encode(name).replace('"', '""')
    return f'"{escaped}"'


def literal(text: str) -> str:
    """Return *text* as an SQL string literal."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
