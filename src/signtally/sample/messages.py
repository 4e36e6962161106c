"""Events and junk as message bodies: most alone, some in CloudEvents batches."""

import dataclasses
import random
from collections.abc import Iterable, Iterator

_OPENS_A_BATCH = 0.04  # share of elements with which a batch begins
_JUNK_OPENS_A_BATCH = 0.5  # bad elements among good neighbours are what batches are hard for
_MOST_IN_A_BATCH = 12


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """One thing to send: an element that may be put in a batch, or a body that is a message of its own."""

    json: str
    is_element: bool = True
    is_junk: bool = False


def bodies(pieces: Iterable[Piece], rng: random.Random) -> Iterator[tuple[str, int]]:
    """(message body, number of pieces in it), in the order of *pieces*; a batch is a JSON array of its elements."""
    batch: list[str] = []
    room = 0
    for piece in pieces:
        if not piece.is_element:
            yield piece.json, 1
        elif batch or rng.random() < (_JUNK_OPENS_A_BATCH if piece.is_junk else _OPENS_A_BATCH):
            room = room if batch else rng.randint(1, _MOST_IN_A_BATCH)
            batch.append(piece.json)
            if len(batch) == room:
                yield _array(batch), len(batch)
                batch = []
        else:
            yield piece.json, 1
    if batch:
        yield _array(batch), len(batch)


def _array(elements: list[str]) -> str:
    return f"[{','.join(elements)}]"
