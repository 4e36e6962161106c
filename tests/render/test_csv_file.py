"""The CSV file, read back by the programs that customers read it with, with their default options."""

import csv
import dataclasses
import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.documents import Cohort
from signtally.domain.snapshot import UsageSnapshot, UserUsage
from signtally.render.csv import separator as separator_of
from signtally.render.csv_text import unmarked
from signtally.render.files import render
from signtally.render.visible_text import one_line, visible
from tests.support.examples import examples
from tests.support.report_samples import ACME, IDENTITY, nasty_snapshot, snapshot, snapshots, user

Reader = Callable[[bytes], list[dict[str, Any]]]
_CALCULATED = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
_TEXTS = ("user_id", "user_name", "user_email")
# What each of the four programs, left to itself, reads as something other than these characters.
GUESSED = (
    "9912140633506421",
    "00012345",
    "12345",
    "-7",
    "3.14",
    "1,000",
    "1e5",
    "1E400",
    "0x1F",
    "1_000",
    "2026-10-03",
    "3/4",
    "10-11",
    "12:30",
    "12:30 PM",
    "2026-10-03T12:00:00Z",
    "2026-10-03 12:00:00",
    "3 Oct",
    "OCT1",
    "MAR-7",
    "June 5, 2026",
    "5 %",
    "$ 5",
    "12 €",
    "١٢٣",
    "true",
    "FALSE",
    "WAHR",
    "NA",
    "N/A",
    "#N/A",
    "null",
    "None",
    "nan",
    "inf",
    "-inf",
    "#REF!",
    "# comment",
    "=1+1",
    "'=1+1",
    "'t Hooft",
    "  7",
)
PLAIN = ("u_17", "user12", "O'Neil", "Ann Ash", "ann@acme.example", "Maya 7 Lopez", "3M Germany", "Marchand", "Nana")


def _body(report: UsageSnapshot) -> bytes:
    return render("csv", report, IDENTITY).body


def _lines(report: UsageSnapshot, *, separator: str = "") -> list[dict[str, str]]:
    text = io.StringIO(_body(report).decode("utf-8-sig"), newline="")
    return list(csv.DictReader(text, strict=True, delimiter=separator or separator_of(report.tenant)))


def _with_ids(ids: tuple[str, ...] | list[str]) -> UsageSnapshot:
    return snapshot(tuple(UserUsage(each, each, None, Counts(sent=1)) for each in ids))


def _read_by_pandas(body: bytes) -> list[dict[str, Any]]:
    return list(pd.read_csv(io.BytesIO(body)).to_dict("records"))


def _read_by_polars(body: bytes) -> list[dict[str, Any]]:
    return pl.read_csv(body).to_dicts()


def _read_by_duckdb(body: bytes) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        relation = connection.read_csv(io.BytesIO(body))
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


READERS = pytest.mark.parametrize("read", [_read_by_pandas, _read_by_polars, _read_by_duckdb])


@READERS
@pytest.mark.parametrize("text", GUESSED)
def test_an_id_stays_the_text_that_it_is(read: Reader, text: str) -> None:
    """Alone in its column, where every program would make it a number, a date or nothing."""
    (row,) = read(_body(_with_ids([text])))
    for name in ("user_id", "user_name"):
        assert unmarked(row[name]) == (text if name == "user_id" else text.strip())


@READERS
def test_numbers_before_a_text_break_no_reader(read: Reader) -> None:
    """Polars looks at the first hundred rows to say what a column is."""
    ids = [f"{number:08}" for number in range(150)] + ["ann"]
    assert [unmarked(row["user_id"]) for row in read(_body(_with_ids(ids)))] == ids


@READERS
def test_apostrophes_and_separators_in_names_confuse_no_reader(read: Reader) -> None:
    """DuckDB tries apostrophes as quotes."""
    names = ("O'Neil", "'t Hooft, Gerard", "Rock 'n' Roll", 'Ann "Q" Ash', "Müller; Söhne", "it's", "'quoted'", "x|y")
    people = tuple(
        UserUsage(f"{number:08}", name, "o'x@a.example", Counts(sent=1)) for number, name in enumerate(names)
    )
    rows = read(_body(snapshot(people)))
    assert [(unmarked(row["user_id"]), unmarked(row["user_name"])) for row in rows] == [
        (one.user_id, one.user_name) for one in people
    ]


@READERS
def test_figures_are_numbers(read: Reader) -> None:
    one = dataclasses.replace(
        user(7, "Ann"),
        previous=Counts(sent=3),
        cohort=Cohort(8, 7, 6, 5, 3),
        median_turnaround=dt.timedelta(hours=2, microseconds=600_000),
        last_active_day=dt.date(2026, 10, 9),
    )
    (row,) = read(_body(snapshot((one,), cohort=Cohort(8, 7, 6, 5, 3))))
    assert {row[name] for name in ("sent", "completed", "previous_sent", "cohort_sent", "cohort_open")} == {8, 7, 3}
    assert row["median_turnaround_seconds"] == 7201
    assert str(row["last_active_day"])[:10] == "2026-10-09"
    assert str(row["data_through_utc"])[:19] == "2026-11-01 08:05:02"


@pytest.mark.parametrize("text", PLAIN)
def test_a_text_that_nobody_mistakes_is_written_as_it_is(text: str) -> None:
    assert _lines(_with_ids([text]))[0]["user_id"] == text


@given(snapshots())
def test_one_row_a_user_adds_up_to_the_control_totals(report: UsageSnapshot) -> None:
    rows = _lines(report)
    assert len(rows) == len(report.users)
    assert Counts.total([Counts(), *map(Counts.of, rows)]) == report.totals


@given(snapshots())
def test_every_text_comes_back(report: UsageSnapshot) -> None:
    """Removing the apostrophe with which a text begins gives the id as it was, and a name on one line."""
    read = [tuple(unmarked(row[name]) for name in _TEXTS) for row in _lines(report)]
    assert read == [
        (visible(one.user_id), one_line(one.user_name or ""), one_line(one.user_email or "")) for one in report.users
    ]


@given(snapshots())
def test_no_cell_is_a_formula(report: UsageSnapshot) -> None:
    for row in _lines(report):
        assert not any(text.startswith(_CALCULATED) for text in row.values())


_FIGURE_LIKE = st.text(st.sampled_from("0123456789eE+-.,:/ aApPmMtTzZxX_%$€'\"#;\t\n\rnNfFoctMay(){}|\\"), min_size=1)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.sampled_from(GUESSED) | _FIGURE_LIKE | st.text(st.characters(codec="utf-8"), min_size=1), min_size=1)
)
def test_data_frames_read_any_id_as_text(ids: list[str]) -> None:
    """Whatever ids stand beside each other."""
    ids = [text for text in ids if visible(text).strip()]
    body = _body(_with_ids(ids))
    for read in (_read_by_pandas, _read_by_polars):
        assert [unmarked(str(row["user_id"])) for row in read(body)] == [visible(text) for text in ids]


def test_the_file_is_rfc_4180_with_a_byte_order_mark() -> None:
    """CRLF after every line, the same number of fields in each, and Excel told that it is UTF-8."""
    body = _body(nasty_snapshot())
    assert body.startswith(b"\xef\xbb\xbfuser_id,user_name,user_email,sent,")
    assert body.endswith(b"\r\n")
    lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    assert len({len(line) for line in lines}) == 1


def test_nobody_leaves_a_header() -> None:
    assert _body(snapshot()).count(b"\r\n") == 1


@pytest.mark.parametrize(
    ("locale", "csv_field", "separator"),
    [
        ("en", None, ","),
        ("en-US", None, ","),
        ("de", None, ";"),
        ("fr-FR", None, ";"),
        ("es", None, ";"),
        ("es-MX", None, ","),
        ("sv", None, ";"),
        ("pt-BR", None, ";"),
        ("ja", None, ","),
        ("ar", None, ";"),
        ("ar-AE", None, ";"),
        ("de-CH", None, ";"),
        ("xx", None, ","),
        ("de", "comma", ","),
        ("en", "semicolon", ";"),
    ],
)
def test_the_separator_is_what_excel_expects_there(locale: str, csv_field: str | None, separator: str) -> None:
    tenant = ACME.model_copy(update={"locale": locale, "csv": csv_field})
    (row,) = _lines(snapshot((user(1, "Ann"),), tenant=tenant), separator=separator)
    assert (row["user_id"], row["sent"]) == ("u_1", "2")


def test_months_are_those_of_the_tenants_language() -> None:
    """`März 3` is a date to Excel in German, and nothing in English."""
    german = dataclasses.replace(_with_ids(["März 3"]), tenant=ACME.model_copy(update={"locale": "de"}))
    assert _lines(german, separator=";")[0]["user_id"] == "'März 3"
    assert _lines(_with_ids(["März 3"]))[0]["user_id"] == "März 3"


def test_every_row_says_period_freshness_report_and_version() -> None:
    about = {
        "period_from": "2026-10-01",
        "period_to": "2026-10-31",
        "data_through_utc": "2026-11-01 08:05:02",
        "report_id": IDENTITY.report_id,
        "version": "3",
    }
    (row,) = _lines(snapshot((user(1),)))
    assert {name: row[name] for name in about} == about
    assert set(MEASURES) < set(row)


def test_what_nobody_read_is_empty() -> None:
    """No cohort, no turnaround, nothing received yet."""
    (row,) = _lines(snapshot((user(1),), data_through=None, cohort=None))
    assert (row["cohort_sent"], row["median_turnaround_seconds"], row["data_through_utc"]) == ("", "", "")
