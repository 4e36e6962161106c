"""Laws of values: each comes back as it was written, and a literal is its text."""

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.timestream_local.timestream_harness import Server, in_process, multi
from timestream_local.service import Service
from timestream_local.store.storage import Storage
from timestream_local.writing.records import Pairs

QUICK = settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def near() -> Iterator[Server]:
    with in_process(Service(Storage(None))) as found:
        yield found


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
NANOSECONDS = st.integers(0, 2**63 - 1)


@QUICK
@given(
    text=TEXTS,
    dimension=TEXTS,
    whole=st.integers(-(2**63), 2**63 - 1),
    real=st.floats(allow_nan=False, allow_infinity=False),
    yes=st.booleans(),
    moment=NANOSECONDS,
    time=st.integers(10**18, 1_700_000_000_000_000_000),
)
def test_every_value_comes_back_as_written(near: Server, **values: Any) -> None:
    table = near.table()
    measures = {
        "text": ("VARCHAR", values["text"]),
        "whole": ("BIGINT", str(values["whole"])),
        "real": ("DOUBLE", repr(values["real"])),
        "yes": ("BOOLEAN", str(values["yes"]).lower()),
        "moment": ("TIMESTAMP", str(values["moment"])),
    }
    table.put(multi(values["time"], {"d": values["dimension"]}, measures, TimeUnit="NANOSECONDS"))
    row = table.rows("text, d, whole, real, yes, moment, time, to_nanoseconds(time), CAST(real AS varchar)")[0]
    assert row[:3] == [values["text"], values["dimension"], str(values["whole"])]
    assert math.isclose(float(row[3]), values["real"], rel_tol=0)
    assert row[4] == str(values["yes"]).lower()
    assert nanoseconds(row[5]) == values["moment"]
    assert nanoseconds(row[6]) == values["time"] == int(row[7])
    assert row[8] == row[3]  # a double has one text, whoever writes it


def nanoseconds(text: str) -> int:
    seconds, _, fraction = text.partition(".")
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (dt.datetime.fromisoformat(f"{seconds}+00:00") - epoch) // dt.timedelta(seconds=1) * 10**9 + int(fraction)


@QUICK
@given(text=st.text(max_size=30).filter(lambda text: "\0" not in text and text.isprintable()))
def test_a_quoted_literal_is_its_text(near: Server, text: str) -> None:
    escaped = text.replace("'", "''")
    assert near.rows(f"SELECT '{escaped}', length('{escaped}')") == [[text, str(len(text))]]


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.floats() | st.booleans(), min_size=1))
def test_the_text_behind_a_hash_is_that_of_the_sorted_pairs(values: dict[str, Any]) -> None:
    """Files keep the hashes: another text would not know the records that are there."""
    assert Pairs.of(values).text(values) == repr(sorted(values.items(), key=lambda pair: pair[0]))
