"""No SQL is answered with an internal failure: whatever is asked, there are rows or a refusal that says why."""

# ruff: noqa: S608 - the SQL is the test

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.timestream_local.test_expressions import SCALARS
from tests.timestream_local.test_sql import QUERIES
from timestream_local.operations.queries import query
from timestream_local.protocol.context import Context
from timestream_local.protocol.errors import InternalServerError, ServiceError
from timestream_local.service import Service
from timestream_local.sql.functions import FUNCTIONS
from timestream_local.sql.refused_functions import REFUSED
from timestream_local.store.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Iterator

SERIES = "create_time_series(now(), 1.5)"
# One of each kind for the table of every function; the drawn calls take all the others too.
KINDS = ["1", "'a'", "now()", "ARRAY[1, 2]", SERIES, "NULL"]
ARGUMENTS = [
    *KINDS,
    *("0", "3000000000", "-1.5", "''", "'2020-01-01'", "true", "date '2020-01-01'", "time '01:00'", "1d", "2month"),
    *("ARRAY['a', NULL]", "ARRAY[now()]", "ROW(1, 'x')", "sum(1)", "row_number() OVER ()", "(SELECT 1)"),
    *("x -> x", "*", "DISTINCT 1", "CAST(NULL AS double)"),
]
NAMES = sorted({*FUNCTIONS, *REFUSED, "no_such_function"})
MOST_ARGUMENTS = 4
TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|\w+|\s+|[^\w\s]")
TOKENS = [TOKEN.findall(sql) for sql in [*(sql for sql, _ in QUERIES), *(f"SELECT {text}" for text, _ in SCALARS)]]
WORDS = sorted({token for tokens in TOKENS for token in tokens if not token.isspace()})


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    made = Service(Storage(None))
    yield made
    made.close()


def refusal(service: Service, sql: str) -> str | None:
    """Why *sql* is refused, None for rows; anything but a documented exception fails the test."""
    try:
        query(service, Context("us-east-1", ""), {"QueryString": sql})
    except InternalServerError as error:
        raise AssertionError(sql) from error
    except ServiceError as error:
        message = error.message
    else:
        return None
    assert message, sql
    return message


@pytest.mark.parametrize("name", NAMES)
def test_a_function_with_arguments_of_every_kind(service: Service, name: str) -> None:
    function = FUNCTIONS.get(name)
    for count in range(MOST_ARGUMENTS + 1):
        fits = function is not None and function.least <= count <= function.most
        for kind in KINDS if fits and count else KINDS[:1]:
            said = refusal(service, f"SELECT {name}({', '.join([kind] * count)})")
            if function is None:
                assert said is not None
                assert name in said


@given(name=st.sampled_from(NAMES), arguments=st.lists(st.sampled_from(ARGUMENTS), max_size=MOST_ARGUMENTS))
def test_a_function_with_arguments_of_mixed_kinds(service: Service, name: str, arguments: list[str]) -> None:
    call = f"{name}({', '.join(arguments)})"
    refusal(service, f"SELECT {call}")
    refusal(service, f"SELECT {call} OVER (ORDER BY 1) FROM (VALUES 1, 2) AS t(x)")


@given(tokens=st.sampled_from(TOKENS), changes=st.lists(st.tuples(st.integers(0, 200), st.sampled_from(WORDS))))
@example(tokens=["SELECT", " ", "(", ")"], changes=[])
@example(tokens=["SELECT", " ", "*", " ", "LIMIT", " ", "FROM (VALUES 1) AS t(c)"], changes=[])
@example(tokens=["SELECT corr(x, y) FROM (VALUES 1, 2) AS t(x, y)"], changes=[])
@example(tokens=["SELECT max_by(x, y) FROM (VALUES (1, 2), (3)) AS t(x, y)"], changes=[])
@example(tokens=["SELECT min_by(y, x) FROM (SELECT 1 UNION SELECT 1, 2) AS t(y, x)"], changes=[])
def test_a_mangled_query(service: Service, tokens: list[str], changes: list[tuple[int, str]]) -> None:
    """Words of one query are replaced by, or followed by, words of others."""
    mangled = list(tokens)
    for position, word in changes:
        index = position % len(mangled)
        mangled[index : index + position % 2] = [f" {word} "]
    refusal(service, "".join(mangled))
