"""Batches of anything: what Python has from 3.12 on as `itertools.batched`."""

import itertools
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of *size* items each, in order, the last one perhaps shorter; reads no further than it must."""
    remaining = iter(items)
    while batch := list(itertools.islice(remaining, size)):
        yield batch
