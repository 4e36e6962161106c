"""Random batches against a model in plain Python: duplicates, versions, late and early, invalid, of mixed types."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.timestream_local.timestream_harness import Clock, Server, Table, in_process, multi
from timestream_local.service import Service
from timestream_local.store.storage import Storage

HOUR_MS = 3_600_000
RETENTION = {"MemoryStoreRetentionPeriodInHours": 24, "MagneticStoreRetentionPeriodInDays": 2}
TEXTS = {"BIGINT": ("1", "2"), "DOUBLE": ("0.5", "2.0"), "VARCHAR": ("a", "1"), "BOOLEAN": ("true", "false")}
INVALID: list[dict[str, Any]] = [{"Version": 0}, {"Time": "noon"}, {"Dimensions": []}, {"MeasureValues": []}]


@dataclass(frozen=True)
class Write:
    """One record as the model sees it; its one measure is ``v``, a column that can have one type only."""

    hours: int  # after now
    name: str
    version: int
    kind: str
    text: str
    defect: int | None  # which of INVALID it shows

    def record(self, now_ms: int) -> dict[str, Any]:
        change = {} if self.defect is None else INVALID[self.defect]
        return {
            **multi(now_ms + self.hours * HOUR_MS, {"name": self.name}, {"v": (self.kind, self.text)}),
            "Version": self.version,
            **change,
        }


@dataclass
class Model:
    """What a table must do with batches, told as simply as can be: one record after the other, in a dictionary."""

    magnetic: bool
    kind: str | None = None
    stored: dict[tuple[int, str], tuple[int, str]] = field(default_factory=dict)

    def put(self, batch: list[Write]) -> dict[str, Any]:
        """Return the answer: counts by store, or indexes with why and the existing version, or that all is refused."""
        if any(write.defect is not None for write in batch):
            return {"refused": True}
        rejected: dict[int, tuple[str, int | None]] = {}
        ingested = Counter[str]()
        for index, write in enumerate(batch):
            store = self._store(write.hours)
            if store is None:
                rejected[index] = ("time range", None)
            elif (self.kind or write.kind) != write.kind:
                rejected[index] = (f"of type {self.kind}", None)
            else:
                self.kind = write.kind
                known = self.stored.get((write.hours, write.name))
                if known is None or write.version > known[0]:
                    self.stored[write.hours, write.name] = (write.version, write.text)
                elif known != (write.version, write.text):
                    why = "already exists" if known[0] == write.version else "is lower than the existing version"
                    rejected[index] = (why, known[0])
                    continue
                ingested[store] += 1
        return {"rejected": rejected} if rejected else {"ingested": dict(ingested)}

    def _store(self, hours: int) -> str | None:
        if -24 <= hours <= 0:
            return "MemoryStore"
        return "MagneticStore" if self.magnetic and -72 <= hours < -24 else None


def put(table: Table, batch: list[Write], now_ms: int) -> dict[str, Any]:
    """Write *batch* through boto3 and return the answer in the model's words."""
    try:
        answer = table.put(*(write.record(now_ms) for write in batch))["RecordsIngested"]
    except table.server.write.exceptions.RejectedRecordsException as error:
        items = error.response["RejectedRecords"]
        return {"rejected": {item["RecordIndex"]: (item["Reason"], item.get("ExistingVersion")) for item in items}}
    except table.server.write.exceptions.ValidationException:
        return {"refused": True}
    total = answer.pop("Total")
    assert total == sum(answer.values())
    return {"ingested": {store: count for store, count in answer.items() if count}}


def agrees(answer: dict[str, Any], expected: dict[str, Any]) -> bool:
    if "rejected" not in expected:
        return answer == expected
    found, told = answer.get("rejected", {}), expected["rejected"]
    return found.keys() == told.keys() and all(
        why in found[index][0] and found[index][1] == version for index, (why, version) in told.items()
    )


@pytest.fixture(scope="module")
def clock() -> Clock:
    """A clock at a whole millisecond, so that records can lie on the very edges of the windows."""
    stopped = Clock()
    stopped.ns -= stopped.ns % 10**6
    return stopped


@pytest.fixture(scope="module")
def near(clock: Clock) -> Iterator[Server]:
    with in_process(Service(Storage(None), clock=clock)) as found:
        yield found


@st.composite
def writes(draw: st.DrawFn) -> Write:
    kind = draw(st.sampled_from(["BIGINT"] * 5 + list(TEXTS)))
    return Write(
        hours=draw(st.sampled_from([0, -1, -24, -25, -72, -73, 1])),
        name=draw(st.sampled_from("ab")),
        version=draw(st.integers(1, 3)),
        kind=kind,
        text=draw(st.sampled_from(TEXTS[kind])),
        defect=draw(st.sampled_from([None] * 30 + list(range(len(INVALID))))),
    )


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(writes(), min_size=1, max_size=8), min_size=1, max_size=5), magnetic=st.booleans())
def test_batches_end_as_the_model_says(near: Server, clock: Clock, batches: list[list[Write]], magnetic: bool) -> None:  # noqa: FBT001 - Hypothesis passes it by name
    table = near.table(
        RetentionProperties=RETENTION, MagneticStoreWriteProperties={"EnableMagneticStoreWrites": magnetic}
    )
    model, now_ms = Model(magnetic), clock.ns // 10**6
    for batch in batches:
        answer, expected = put(table, batch, now_ms), model.put(batch)
        assert agrees(answer, expected), (answer, expected)
    assert contents(table, now_ms) == {key: text for key, (_, text) in model.stored.items()}


def contents(table: Table, now_ms: int) -> dict[tuple[int, str], str]:
    if len(table.server.rows(f"DESCRIBE {table.sql}")) == len(("measure_name", "time")):
        return {}  # nothing was ever written, so there are no columns to ask for
    rows = table.rows("to_milliseconds(time), name, v")
    found = {((int(ms) - now_ms) // HOUR_MS, name): text for ms, name, text in rows}
    assert len(found) == len(rows)
    return found
