"""The rules of versions: a record of a batch is new, replaces an older one, or is rejected.

"Writing data (inserts and upserts)" of the developer guide; the texts of the refusals as captured in public issues.
Within one batch records apply in order, and a MULTI record replaces the whole of the one before it (both unconfirmed).
"""

from dataclasses import dataclass, field

from timestream_local.writing.records import Record

EXISTS = (
    "A record already exists with the same time, dimensions, measure name, and record version. A higher record version "
    "must be specified in order to update the measure value. Specifying record version is supported by the latest SDKs."
)


@dataclass(frozen=True, slots=True)
class Existing:
    """What the table has under one identity; *row* is its DuckDB row id."""

    version: int
    digest: int
    row: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one record of a call was not written."""

    index: int
    reason: str
    existing_version: int | None = None

    def describe(self) -> dict[str, object]:
        described: dict[str, object] = {"RecordIndex": self.index, "Reason": self.reason}
        if self.existing_version is not None:
            described["ExistingVersion"] = self.existing_version
        return described


@dataclass(slots=True)
class Changes:
    """What a run of records does to one table: rows to be put, each at most once, and rows that they replace.

    *replaced* maps DuckDB row ids to the time of the record, which old and new have in common.
    """

    existing: dict[int, Existing]
    put: dict[int, Record] = field(default_factory=dict)
    replaced: dict[int, int] = field(default_factory=dict)

    def apply(self, record: Record, index: int) -> Rejection | None:
        """Take *record* in, or say why not."""
        identity = record.identity
        current = self.put.get(identity) or self.existing.get(identity)
        if current is None:
            self.put[identity] = record
            return None
        if record.version < current.version:
            reason = (
                f"The record version {record.version} is lower than the existing version {current.version}. "
                "A higher version is required to update the measure value."
            )
            return Rejection(index, reason, current.version)
        if record.version == current.version:
            return None if record.digest == current.digest else Rejection(index, EXISTS, current.version)
        if isinstance(current, Existing):
            self.replaced[current.row] = record.time_ns
        self.put[identity] = record
        return None
