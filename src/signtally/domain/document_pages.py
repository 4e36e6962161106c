"""A page of a period's documents: those of some senders and one status, from a position on, in the list's own order."""

import dataclasses
import datetime as dt

import polars as pl

from signtally.domain.document_lifecycles import ended_at, of_senders, outcome
from signtally.domain.documents import DocumentStatus
from signtally.domain.time_units import MICROSECOND, UNIX_EPOCH


@dataclasses.dataclass(frozen=True, slots=True)
class DocumentPosition:
    """Where a document stands in the order of DOCUMENT_ROWS: by when it was sent, or ended if it did."""

    is_closed: bool
    at: dt.datetime
    document_id: str

    @classmethod
    def of(cls, row: dict[str, object]) -> "DocumentPosition":
        """That of a row of schema DOCUMENT_ROWS."""
        is_closed = row["status"] != DocumentStatus.OPEN
        at = row["closed_at"] if is_closed else row["sent_at"]
        assert isinstance(at, dt.datetime)  # noqa: S101 -- whoever is open was sent, whoever is closed ended
        return cls(is_closed, at, str(row["document_id"]))

    @classmethod
    def from_numbers(cls, group: int, microseconds: int, document_id: str) -> "DocumentPosition":
        """From what `numbers` gave. Raises OverflowError for an instant that no calendar has."""
        at = UNIX_EPOCH + abs(microseconds) * MICROSECOND
        return cls(bool(group), at, document_id)

    @property
    def numbers(self) -> tuple[int, int, str]:
        """0 or 1, microseconds since 1970 (negative for a closed one), the id: in the order of the list."""
        microseconds = (self.at - UNIX_EPOCH) // MICROSECOND
        return int(self.is_closed), -microseconds if self.is_closed else microseconds, self.document_id


@dataclasses.dataclass(frozen=True, slots=True)
class DocumentSelection:
    """Which documents a page lists; None of *after*: from the first one on; of anything else: any."""

    limit: int
    status: DocumentStatus | None = None
    sender_ids: tuple[str, ...] | None = None
    sent_by: dt.datetime | None = None  # first sent at this instant or before
    after: DocumentPosition | None = None


def page_of_documents(lives: pl.DataFrame, selection: DocumentSelection) -> pl.DataFrame:
    """What the selection leaves of documents in schema DOCUMENTS, in order."""
    wanted = _wanted(lives, selection).with_columns(ended=ended_at())
    if selection.after is not None:
        wanted = wanted.filter(_is_behind(selection.after))
    opened = pl.when(pl.col("outcome").is_null()).then("first_sent_at")
    order = [pl.col("outcome").is_not_null(), opened, -pl.col("ended").dt.epoch("us")]
    return wanted.sort(*order, "document_id").head(selection.limit).drop("outcome", "ended")


def count_of_documents(lives: pl.DataFrame, selection: DocumentSelection) -> int:
    """How many documents there are on all pages of the selection."""
    return len(_wanted(lives, selection))


def _wanted(lives: pl.DataFrame, selection: DocumentSelection) -> pl.DataFrame:
    wanted = of_senders(lives, selection.sender_ids).with_columns(outcome=outcome())
    if selection.status is DocumentStatus.OPEN:
        wanted = wanted.filter(pl.col("outcome").is_null())
    elif selection.status is not None:
        wanted = wanted.filter(outcome=str(selection.status))
    return wanted if selection.sent_by is None else wanted.filter(pl.col("first_sent_at") <= selection.sent_by)


def _is_behind(after: DocumentPosition) -> pl.Expr:
    is_open, is_next = pl.col("outcome").is_null(), pl.col("document_id") > after.document_id
    if after.is_closed:
        return ~is_open & ((pl.col("ended") < after.at) | ((pl.col("ended") == after.at) & is_next))
    later = (pl.col("first_sent_at") > after.at) | ((pl.col("first_sent_at") == after.at) & is_next)
    return ~is_open | later
