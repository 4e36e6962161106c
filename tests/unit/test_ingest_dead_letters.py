"""What a dead letter carries, within SQS's limits."""

import functools

from hypothesis import given
from hypothesis import strategies as st

from signtally.domain import dead_letters
from signtally.memory.queue import MemoryEventQueue
from signtally.ports.queue import OutgoingMessage

LIMITS = MemoryEventQueue().limits  # those of SQS
dead_letter_attributes = functools.partial(dead_letters.dead_letter_attributes, limits=LIMITS)


def message_bytes(body: str, attributes: dict[str, str]) -> int:
    return len(body.encode()) + sum(LIMITS.attribute_bytes(name, value) for name, value in attributes.items())


def test_the_original_attributes_travel_on() -> None:
    attributes = dead_letter_attributes("{", reason="not-json", detail="why", original={"trace": "t", "reason": "old"})
    assert attributes == {"reason": "not-json", "detail": "why", "trace": "t"}


def test_a_part_names_its_batch_and_keeps_that_name_when_it_fails_again() -> None:
    first = dead_letter_attributes("{}", reason="bad-id", detail="why", batch_message_id="m1")
    assert first["batch_message_id"] == "m1"
    assert dead_letter_attributes("{}", reason="bad-id", detail="why", original=first)["batch_message_id"] == "m1"


def test_ours_come_before_theirs_when_there_are_too_many() -> None:
    original = {f"theirs{number}": "x" for number in range(LIMITS.attributes)}
    attributes = dead_letter_attributes("{}", reason="r", detail="d", batch_message_id="m", original=original)
    assert len(attributes) == LIMITS.attributes
    assert {"reason", "detail", "batch_message_id"} <= set(attributes)


def test_a_body_of_the_full_size_goes_without_attributes() -> None:
    body = "x" * LIMITS.message_bytes
    assert dead_letter_attributes(body, reason="not-json", detail="why") == {}
    almost = body[: -LIMITS.attribute_bytes("reason", "not-json")]
    assert dead_letter_attributes(almost, reason="not-json", detail="why") == {"reason": "not-json"}


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
    st.text(),
    st.dictionaries(st.sampled_from(["a", "b", "reason", "detail"]), st.just("x")),
)
def test_whatever_the_detail_the_queue_takes_it(body: str, detail: str, original: dict[str, str]) -> None:
    queue = MemoryEventQueue()
    clean = body.replace("\ufffe", "").replace("\uffff", "") or "x"
    attributes = dead_letter_attributes(clean, reason="bad-id", detail=detail, original=original)
    assert message_bytes(clean, attributes) <= LIMITS.message_bytes
    assert attributes["reason"] == "bad-id"
    queue.send([OutgoingMessage(clean, attributes)])
