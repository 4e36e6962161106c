"""Batches of events and JSON of any shape: a bad element goes alone, and no part is lost."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.aws.timestream_records import EVENT_TEXT_LIMIT_BYTES as TEXT_LIMIT_BYTES
from signtally.domain.cloud_events import parse_body
from tests.support.cloud_event_messages import DATA, EVENT, NOW


def test_a_bad_element_goes_alone_and_as_it_was_written() -> None:
    good = json.dumps(EVENT)
    bad = '{"specversion":"1.0", "id":"a","id":7, "x": 1e400, "y": "],[\\"\\ud800"}'
    result = parse_body(f" [ {good} ,\n{bad}, {good},3 ]\n", now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES)
    assert [(part.json, part.reason) for part in result.bad] == [(bad, "bad-id"), ("3", "not-an-event")]
    assert all(part.is_element for part in result.bad)
    assert result.is_batch
    assert len(result.events) == 2
    assert [result.own_json(number) for number in range(2)] == [good, good]


def test_of_a_key_that_is_written_twice_the_last_counts() -> None:
    body = json.dumps(EVENT).replace('"id": "01JB2"', '"id": "first", "id": "last"')
    assert [found.id for found in parse_body(body, now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES).events] == ["last"]


def test_a_number_too_long_for_python_is_json_all_the_same() -> None:
    body = json.dumps(EVENT)[:-1] + f', "extension": {"9" * 5_000}}}'
    assert len(parse_body(body, now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES).events) == 1


def test_depth_hurts_no_neighbour() -> None:
    deep = "[" * 50_000 + "]" * 50_000
    good = json.dumps(EVENT)
    result = parse_body(f"[{good},{deep},{good}]", now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES)
    assert [(part.json, part.reason) for part in result.bad] == [(deep, "too-deep")]
    assert len(result.events) == 2


@pytest.mark.parametrize(
    "body", ["[" * 200_000, "[" * 50_000 + "]" * 50_000, '{"a":' * 50_000 + "1" + "}" * 50_000, '["' + '\\"' * 100_000]
)
def test_depth_without_end_is_one_dead_letter(body: str) -> None:
    [part] = parse_body(body, now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES).bad
    assert part.json == body
    assert part.reason in {"too-deep", "not-json"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from([*EVENT, *DATA]), inner),
    max_leaves=12,
)
elements = (
    json_values
    | st.just(EVENT)
    | st.builds(lambda name, value: {**EVENT, name: value}, st.sampled_from([*EVENT]), json_values)
)


@given(st.lists(elements, max_size=8))
def test_no_part_of_a_batch_is_lost(batch: list[object]) -> None:
    """Good and bad together are the batch, whatever stands in it."""
    body = json.dumps(batch)
    result = parse_body(body, now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES)
    if not result.is_batch:
        assert [part.json for part in result.bad] == [body]
        assert not result.events
        return
    texts = [result.own_json(number) for number in range(len(result.events))] + [part.json for part in result.bad]
    assert sorted(texts) == sorted(json.dumps(element) for element in batch)


@given(st.text())
def test_no_body_makes_the_parser_stumble(body: str) -> None:
    result = parse_body(body, now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES)
    assert len(result.bad) + len(result.events) >= 1
