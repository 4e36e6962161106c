"""One object of the bucket as a value: the same over the bucket in memory and over S3."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from pydantic import TypeAdapter, ValidationError

from signtally.memory.objects import MemoryObjectStore
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.objects import ObjectStore
from signtally.stores.typed_objects import (
    CompareAndSetLimits,
    ContentionError,
    JsonObject,
    ParquetObject,
    TypedObject,
    Versioned,
)

NUMBERS = TypeAdapter(list[int])
SCHEMA = pl.Schema({"name": pl.String(), "number": pl.Int64()})
WRITERS, UPDATES = 8, 6


class RacedObjects(MemoryObjectStore):
    """Calls *before_write* before each conditional put."""

    def __init__(self) -> None:
        super().__init__()
        self.before_write: Callable[[], None] = lambda: None

    def put_if_absent(self, key: str, body: bytes, *, content_type: str = "application/json") -> bool:
        self.before_write()
        return super().put_if_absent(key, body, content_type=content_type)

    def put_if_match(self, key: str, body: bytes, *, etag: str, content_type: str = "application/json") -> bool:
        self.before_write()
        return super().put_if_match(key, body, etag=etag, content_type=content_type)


def appended(number: int) -> Callable[[list[int] | None], list[int]]:
    return lambda numbers: [*(numbers or []), number]


def numbers_of(objects: ObjectStore, **limits: float) -> TypedObject[list[int]]:
    return TypedObject(
        objects,
        "numbers.json",
        encode=NUMBERS.dump_json,
        decode=NUMBERS.validate_json,
        limits=CompareAndSetLimits(**limits),  # type: ignore[arg-type]
    )


def test_a_value_is_read_written_created_replaced_and_deleted(objects: ObjectStore) -> None:
    stored = JsonObject(objects, "numbers.json", NUMBERS)
    assert (stored.read(), stored.read_version()) == (None, None)
    assert stored.create([1])
    assert not stored.create([2])
    version = stored.read_version()
    assert version is not None
    assert version.value == [1]
    assert stored.replace([3], etag=version.etag)
    assert not stored.replace([4], etag=version.etag)
    assert stored.read() == [3]
    etag = stored.write([5])
    assert stored.read_version() == Versioned([5], etag)
    stored.delete()
    stored.delete()
    assert stored.read() is None


def test_rows_come_back_in_their_schema(objects: ObjectStore) -> None:
    rows = pl.DataFrame({"number": [1, 2], "name": ["ä", None]}).select("name", "number")
    stored = ParquetObject(objects, "rows.parquet", SCHEMA)
    assert stored.read() is None
    stored.write(rows)
    assert stored.update(lambda found: pl.concat([rows[:0] if found is None else found, rows])).height == 4
    found = stored.read()
    assert found is not None
    assert found.equals(pl.concat([rows, rows]))
    assert found.schema == SCHEMA
    with pytest.raises(pl.exceptions.SchemaError):
        stored.write(rows.drop("name"))


def test_what_is_no_such_value_is_refused(objects: ObjectStore) -> None:
    objects.put("numbers.json", b"[1, true, null]")
    with pytest.raises(ValidationError):
        JsonObject(objects, "numbers.json", NUMBERS).read()


def test_of_many_who_update_one_object_at_once_no_update_is_lost(objects: ObjectStore) -> None:
    """Counters too, where two writers would store the same bytes."""
    counter = JsonObject(objects, "count.json", TypeAdapter(int))
    members = JsonObject(objects, "numbers.json", NUMBERS)

    def work(writer: int) -> None:
        for number in range(UPDATES):
            counter.update(lambda count: (count or 0) + 1)
            members.update(appended(writer * UPDATES + number))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(work, range(WRITERS)))
    assert counter.read() == WRITERS * UPDATES
    assert sorted(members.read() or []) == list(range(WRITERS * UPDATES))


def test_an_update_starts_again_with_what_another_wrote() -> None:
    objects = RacedObjects()
    stored = numbers_of(objects)
    others = iter([1, 2])

    def write_first() -> None:
        for other in others:
            super(RacedObjects, objects).put("numbers.json", NUMBERS.dump_json([other]))
            return

    objects.before_write = write_first
    assert stored.update(appended(9)) == [2, 9]
    assert stored.read() == [2, 9]


def test_contention_beyond_the_bound_is_an_error_and_stores_nothing() -> None:
    objects = RacedObjects()
    stored = numbers_of(objects, attempts=3, initial_backoff_seconds=0)
    theirs: list[int] = []

    def always_first() -> None:
        theirs.append(len(theirs))
        objects.put("numbers.json", NUMBERS.dump_json(theirs))

    objects.before_write = always_first
    with pytest.raises(ContentionError, match=r"numbers.json changed during 3 attempts") as raised:
        stored.update(appended(99))
    assert isinstance(raised.value, ServiceUnavailableError)
    assert stored.read() == theirs == [0, 1, 2]


def test_an_update_whose_answer_got_lost_is_not_made_twice() -> None:
    class DeafObjects(MemoryObjectStore):
        def put_if_match(self, key: str, body: bytes, *, etag: str, content_type: str = "application/json") -> bool:
            super().put_if_match(key, body, etag=etag, content_type=content_type)
            return False

    objects = DeafObjects()
    stored = numbers_of(objects, attempts=2, initial_backoff_seconds=0)
    stored.write([1])
    assert stored.update(lambda numbers: sorted({*(numbers or []), 2})) == [1, 2]
    assert stored.read() == [1, 2]


def test_an_update_that_changes_nothing_writes_nothing(objects: ObjectStore) -> None:
    stored = JsonObject(objects, "numbers.json", NUMBERS)
    assert stored.update(lambda _: None) is None
    assert stored.read() is None
    objects.put("numbers.json", b"[ 1 ]")  # as somebody else formats it
    assert stored.update(lambda numbers: numbers or []) == [1]
    assert objects.get("numbers.json").body == b"[ 1 ]"


def test_a_known_version_saves_the_first_read(objects: ObjectStore) -> None:
    stored = JsonObject(objects, "numbers.json", NUMBERS)
    stale = Versioned([1], stored.write([1]))
    assert stored.update(appended(2), known=stale) == [1, 2]
    assert stored.update(appended(3), known=stale) == [1, 2, 3]


def test_a_change_that_fails_stores_nothing(objects: ObjectStore) -> None:
    stored = JsonObject(objects, "numbers.json", NUMBERS)
    stored.write([1])
    with pytest.raises(ZeroDivisionError):
        stored.update(lambda numbers: [1 // 0, *(numbers or [])])
    assert stored.read() == [1]
