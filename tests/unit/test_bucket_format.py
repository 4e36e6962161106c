"""A program that is older than its bucket reads, and writes nothing."""

from typing import TYPE_CHECKING

import pytest

from signtally.bucket_format import GuardedBucket, NewerFormatError
from signtally.memory.objects import MemoryObjectStore
from signtally.ports.objects import ObjectStore
from signtally.stores.holds import Holds

if TYPE_CHECKING:
    from collections.abc import Callable


def bucket(objects: ObjectStore, *, known: int) -> GuardedBucket:
    return GuardedBucket(objects, known=known, seconds=0)


def test_an_older_program_reads_and_refuses_to_write() -> None:
    objects = MemoryObjectStore()
    old, new = bucket(objects, known=1), bucket(objects, known=2)
    old.provision()
    old.put("a", b"1")
    new.put("a", b"2")  # what is older is known
    new.provision()
    assert old.get("a").body == b"2"
    assert [*Holds(old).all()] == []
    writes: tuple[Callable[[], object], ...] = (
        lambda: old.put("a", b""),
        lambda: old.put_if_absent("b", b""),
        lambda: old.put_if_match("a", b"", etag=objects.get("a").etag),
        lambda: old.delete(["a"]),
        old.provision,
    )
    for write in writes:
        with pytest.raises(NewerFormatError, match="format 2, written by a newer Signtally, and this one knows 1"):
            write()
    new.provision()
    assert objects.get("a").body == b"2"


def test_a_bucket_from_before_there_were_formats_is_written_to() -> None:
    assert bucket(MemoryObjectStore(), known=1).put_if_absent("a", b"")
