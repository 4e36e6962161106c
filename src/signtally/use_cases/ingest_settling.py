"""The end of messages: notes for aggregation and dead letters, both before anything is deleted."""

from collections.abc import Iterator, Sequence

from signtally.domain.dead_letters import dead_letter_attributes
from signtally.ports.queue import OutgoingMessage
from signtally.stores.touched import TouchedHour, TouchedNotes
from signtally.use_cases.counted_ports import CountedQueue
from signtally.use_cases.ingest_held import HeldMessage
from signtally.use_cases.patience import Patience


class Settling:
    """Called from one worker thread at a time; raise a ServiceError when it cannot be done, and delete nothing then.

    A crash between the steps repeats them: notes are idempotent, a dead letter may be there twice.
    """

    def __init__(self, notes: TouchedNotes, dead_letters: CountedQueue, *, patience: Patience) -> None:
        self._notes = notes
        self._dead_letters = dead_letters
        self._patience = patience

    def settle(self, settled: Sequence[HeldMessage], *, stored_only: Sequence[HeldMessage]) -> None:
        """Note what all of them stored, and send the dead letters of the settled ones."""
        touched = set(_touched_hours([*settled, *stored_only]))
        if touched:
            self._patience.call(lambda: self._notes.put(touched))
        letters = [letter for held in settled for letter in dead_letters_of(held)]
        if letters:
            self._patience.call(lambda: self._dead_letters.send(letters))


def _touched_hours(messages: Sequence[HeldMessage]) -> Iterator[TouchedHour]:
    for held in messages:
        for number in held.stored:
            event = held.parsed.events[number]
            yield TouchedHour.of(event.tenant_id, event.occurred_at)


def dead_letters_of(held: HeldMessage) -> Iterator[OutgoingMessage]:
    message, parsed = held.message, held.parsed
    parts = [(part.json, part.reason, part.detail, part.is_element) for part in parsed.bad]
    parts += [(parsed.own_json(number), reason, detail, parsed.is_batch) for number, reason, detail in held.refused]
    for body, reason, detail, is_element in parts:
        attributes = dead_letter_attributes(
            body,
            reason=reason,
            detail=detail,
            batch_message_id=message.message_id if is_element else None,
            original=message.attributes,
        )
        yield OutgoingMessage(body, attributes)
