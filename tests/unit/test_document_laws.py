"""Rows, pages and medians of documents say what plain Python says."""

import dataclasses
import datetime as dt
import statistics
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.document_lifecycles import DOCUMENTS
from signtally.domain.document_pages import DocumentPosition, DocumentSelection, count_of_documents, page_of_documents
from signtally.domain.document_rows import USER_NAMES, document_rows
from signtally.domain.documents import DOCUMENT_ROWS, DocumentStatus
from signtally.domain.highlights import is_stuck, stuck_if_sent_by
from signtally.domain.time_units import MICROSECOND
from signtally.domain.user_tables import MEDIANS, median_turnarounds

NOON = dt.datetime(2026, 10, 9, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ENDINGS = ("completed", "declined", "cancelled", "expired")
_instants = st.integers(-60, 60).map(lambda hours: NOON + hours * HOUR + (hours % 3) * MICROSECOND)


@st.composite
def _documents(draw: st.DrawFn) -> pl.DataFrame:
    """As a store tells them: sent or completed, whoever is known to have sent them named."""
    rows = []
    for number in range(draw(st.integers(0, 7))):
        row = dict.fromkeys(DOCUMENTS) | {"document_id": f"d{number * 7 % 10}"}
        row |= {"sender_id": draw(st.none() | st.sampled_from(["ann", "bob"]))}
        if row["sender_id"]:
            row |= {"sender_name": draw(st.none() | st.sampled_from(["Ann", "Bob"]))}
        row |= {name: draw(st.none() | _instants) for name in DOCUMENTS if name.endswith("_at")}
        if row["first_sent_at"] is None and row["completed_at"] is None:
            row["first_sent_at"] = draw(_instants)
        rows.append(row | {"received": 1, "viewed": number, "signed": 0})
    return pl.DataFrame(rows, schema=DOCUMENTS)


def _status(row: dict[str, Any]) -> str:
    if row["completed_at"]:
        return "completed"
    ended = [(row[f"{ending}_at"], index) for index, ending in enumerate(ENDINGS) if row[f"{ending}_at"]]
    return ENDINGS[min(ended)[1]] if ended else "open"


def _expected(row: dict[str, Any], lives: list[dict[str, Any]], as_of: dt.datetime) -> dict[str, Any]:
    status = _status(row)
    closed = None if status == "open" else row[f"{status}_at"]
    sent = row["first_sent_at"]
    took = row["completed_at"] - sent if row["completed_at"] and sent else dt.timedelta(-1)
    hours = took / HOUR  # the last of sixteen digits may differ
    return {
        "document_id": row["document_id"],
        "status": status,
        "user_id": row["sender_id"],
        "user_name": None if row["sender_id"] is None else _name(row["sender_id"], lives),
        "user_email": "bob@now.example" if row["sender_id"] == "bob" else None,
        "sent_at": sent,
        "first_viewed_at": row["first_viewed_at"],
        "last_signed_at": row["last_signed_at"],
        "closed_at": closed,
        "turnaround_hours": None if took < dt.timedelta() else pytest.approx(hours, rel=1e-14),
        "days_open": None if sent is None else max(0, int(((closed or as_of) - sent) / dt.timedelta(days=1))),
        "received": 1,
        "viewed": row["viewed"],
        "signed": 0,
    }


def _name(sender_id: object, lives: list[dict[str, Any]]) -> object:
    """That of daily usage, or else of the sender's latest document with one; a document never sent is the oldest."""
    if sender_id == "bob":
        return "Bob Now"
    own = [row for row in lives if row["sender_id"] == sender_id and row["sender_name"]]
    by_age = sorted(
        own, key=lambda row: (row["first_sent_at"] or dt.datetime.min.replace(tzinfo=dt.UTC), row["document_id"])
    )
    return by_age[-1]["sender_name"] if by_age else None


def _place(row: dict[str, Any]) -> tuple[object, ...]:
    if row["status"] == "open":
        return 0, row["sent_at"].timestamp(), row["document_id"]
    return 1, -row["closed_at"].timestamp(), row["document_id"]


@given(lives=_documents(), as_of=_instants)
def test_rows_are_those_of_plain_python_in_its_order(lives: pl.DataFrame, as_of: dt.datetime) -> None:
    names = pl.DataFrame([("bob", "Bob Now", "bob@now.example")], schema=USER_NAMES, orient="row")
    rows = document_rows(lives, as_of=as_of, names=names)
    told = lives.to_dicts()
    assert rows.schema == DOCUMENT_ROWS
    assert rows.to_dicts() == sorted((_expected(row, told, as_of) for row in told), key=_place)


@given(
    lives=_documents(),
    status=st.none() | st.sampled_from(DocumentStatus),
    senders=st.none() | st.sampled_from([(), ("ann",), ("ann", "bob")]),
    limit=st.integers(1, 3),
    sent_by=st.none() | _instants,
)
def test_pages_are_the_rows_cut(
    lives: pl.DataFrame,
    status: DocumentStatus | None,
    senders: tuple[str, ...] | None,
    limit: int,
    sent_by: dt.datetime | None,
) -> None:
    rows = document_rows(lives, as_of=NOON, names=USER_NAMES.to_frame()).to_dicts()
    wanted = [row for row in rows if status in {None, row["status"]} and (senders is None or row["user_id"] in senders)]
    if sent_by is not None:
        wanted = [row for row in wanted if row["sent_at"] is not None and row["sent_at"] <= sent_by]
    selection = DocumentSelection(limit, status, senders, sent_by)
    assert [*_paged(lives, selection)] == [row["document_id"] for row in wanted]
    assert count_of_documents(lives, selection) == len(wanted)


@given(lives=_documents(), as_of=_instants)
def test_stuck_is_whoever_was_sent_by_an_instant(lives: pl.DataFrame, as_of: dt.datetime) -> None:
    as_of += 15 * 24 * HOUR
    rows = document_rows(lives, as_of=as_of, names=USER_NAMES.to_frame()).filter(is_stuck())
    stuck = DocumentSelection(1, DocumentStatus.OPEN, sent_by=stuck_if_sent_by(as_of))
    assert count_of_documents(lives, stuck) == len(rows)


def _paged(lives: pl.DataFrame, selection: DocumentSelection) -> Iterator[str]:
    while not (page := page_of_documents(lives, selection)).is_empty():
        assert page.height <= selection.limit
        shown = document_rows(page, as_of=NOON, names=USER_NAMES.to_frame())
        yield from shown["document_id"]
        position = DocumentPosition.of(shown.row(-1, named=True))
        assert DocumentPosition.from_numbers(*position.numbers) == position
        selection = dataclasses.replace(selection, after=position)


@given(lives=_documents())
def test_a_median_is_that_of_the_middle_durations(lives: pl.DataFrame) -> None:
    completed = lives.filter(pl.col("completed_at").is_not_null(), pl.col("sender_id").is_not_null())
    took: dict[str, list[int]] = {}
    for row in completed.to_dicts():
        if row["first_sent_at"] is not None and row["completed_at"] >= row["first_sent_at"]:
            took.setdefault(row["sender_id"], []).append((row["completed_at"] - row["first_sent_at"]) // MICROSECOND)
    found = median_turnarounds(completed)
    assert found.schema == MEDIANS
    assert dict(found.iter_rows()) == {who: int(statistics.median(map(Fraction, each))) for who, each in took.items()}
