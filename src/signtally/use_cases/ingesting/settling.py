"""The end of messages: notes for aggregation and dead letters, both before anything is deleted."""

import logging
from collections.abc import Iterator, Sequence

from signtally.domain.dead_letters import dead_letter_attributes
from signtally.ports.errors import AccessRefusedError, NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage
from signtally.stores.touched_hours import TouchedHours
from signtally.use_cases.ingesting.counted_ports import CountedQueue
from signtally.use_cases.ingesting.held import HeldMessage
from signtally.use_cases.ingesting.patience import Patience

log = logging.getLogger(__name__)


class Settling:
    """Called from one worker thread at a time; raise a ServiceError when it cannot be done, and delete nothing then.

    A crash between the steps repeats them: notes are idempotent, a dead letter may be there twice.
    """

    def __init__(self, notes: TouchedHours, dead_letters: CountedQueue, *, patience: Patience) -> None:
        self._notes = notes
        self._dead_letters = dead_letters
        self._patience = patience

    def settle(self, complete: Sequence[HeldMessage], *, stored_only: Sequence[HeldMessage]) -> list[HeldMessage]:
        """Note what all of them stored and send the dead letters of the complete ones; return those that are settled.

        Not settled is a message of which the queue of dead letters will not take one, as when it is made for smaller
        messages: it must not hold up the others, and SQS itself moves it in the end.
        """
        stored = [held.parsed.events[number] for held in [*complete, *stored_only] for number in held.stored]
        if stored:
            self._patience.call(lambda: self._notes.append(stored))
        try:
            self._send(complete)
        except (AccessRefusedError, NotProvisionedError, ServiceUnavailableError):
            raise
        except ServiceError:
            return [held for held in complete if self._is_taken(held)]
        return list(complete)

    def _is_taken(self, held: HeldMessage) -> bool:
        try:
            self._send([held])
        except (AccessRefusedError, NotProvisionedError, ServiceUnavailableError):
            raise
        except ServiceError as error:
            log.warning("message %s cannot go to the dead letters: %s", held.message.message_id, error)
            return False
        return True

    def _send(self, messages: Sequence[HeldMessage]) -> None:
        letters = [letter for held in messages for letter in dead_letters_of(held)]
        if letters:
            self._patience.call(lambda: self._dead_letters.send(letters))


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
