"""The digest email: what it says to whom, and that both of its parts say it."""

import dataclasses
import datetime as dt
import re

import polars as pl
import pytest
from hypothesis import given, settings

from signtally.domain.actions import Counts
from signtally.domain.conditions import AllowanceUsed, CompletionRateFell, Condition, NothingSent
from signtally.domain.periods import parse_period
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.contents import Contents
from tests.support.digest_emails import LINKS, Markup, digest, part_of
from tests.support.examples import examples
from tests.support.report_samples import ACME, restated, snapshot, snapshots, user
from tests.support.whole_reports import whole_report


def test_a_period_without_activity_has_no_empty_cards_and_charts() -> None:
    message = digest(snapshot())
    for part in ("plain", "html"):
        text = part_of(message, part)
        assert "No user activity in this period." in text
        assert "Completion rate" not in text
        assert "Busiest hour" not in text
        assert "Compared with September 2026" in text
    assert "Documents per day" not in part_of(message, "html")


def test_ids_that_differ_in_their_end_stay_apart() -> None:
    documents = whole_report().documents.with_columns(document_id=pl.format("{}{}", pl.lit("d" * 200), "document_id"))
    page = part_of(digest(dataclasses.replace(whole_report(), documents=documents)), "html")
    shown = re.findall(r"<bdi>(d+….*?)</bdi>", page)
    assert len(set(shown)) == len(shown) == 5
    assert {len(text) for text in shown} == {60}


@given(snapshots())
@settings(max_examples=examples(30), deadline=None)
def test_both_parts_carry_the_snapshots_totals(report: UsageSnapshot) -> None:
    message, contents = digest(report), Contents(report)
    for text in (part_of(message, "plain"), Markup(part_of(message, "html")).text):
        for line in contents.measures:
            figures = rf"{line.heading}\s+{re.escape(contents.formats.number(line.now))}\s"
            assert re.search(figures, text), line
        assert contents.freshness in text


@pytest.mark.parametrize(
    ("locale", "link", "restatement"),
    [
        ("fr", "CSV\N{NO-BREAK SPACE}: ", "- 1 oct. 2026\N{NO-BREAK SPACE}: envoyés 41 → 43 (événements tardifs)"),
        ("ja", "CSV： ", "- 2026年10月1日：送信 41 → 43（遅れて届いたイベント）"),
    ],
)
def test_its_text_is_punctuated_as_the_language_does(locale: str, link: str, restatement: str) -> None:
    report = snapshot(tenant=ACME.model_copy(update={"locale": locale}))
    text = part_of(digest(dataclasses.replace(report, restated=restated(report.period, days=1))), "plain")
    assert {f"{link}{LINKS['csv']}", restatement} <= set(text.splitlines())


@pytest.mark.parametrize("part", ["plain", "html"])
def test_it_says_why_it_came_and_where_to_go(part: str) -> None:
    text = part_of(digest(snapshot((user(1),))), part)
    for expected in ("ann@acme.example", "“Monthly”", "Europe/Berlin", *LINKS.values(), "https://app.example/"):
        assert expected in text


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (AllowanceUsed(when="allowance_used", percent=80), "when at least 80% of the allowance is used."),
        (NothingSent(when="nothing_sent", days=7), "when no document was sent for 7 days."),
        (CompletionRateFell(when="completion_rate_fell", points=10), "has fallen by at least 10 percentage points."),
    ],
)
def test_who_gets_it_seldom_is_told_when(condition: Condition, said: str) -> None:
    message = digest(snapshot(), condition=condition)
    assert said in " ".join(part_of(message, "plain").split())
    assert said in Markup(part_of(message, "html")).text


@pytest.mark.parametrize(("begins", "said"), [(dt.date(2026, 11, 3), "before 3 Nov 2026."), (None, "yet.")])
def test_a_period_before_all_data_is_not_told_as_zero(begins: dt.date | None, said: str) -> None:
    """Nothing is known of it, which is not that nothing was sent; nor of the period before."""
    message = digest(dataclasses.replace(snapshot(), first_data_day=begins))
    assert message["Subject"] == "Acme: usage for October 2026 — no data"
    assert f"There are no data {said}" in part_of(message, "plain")
    began = dataclasses.replace(snapshot((user(1),)), previous_totals=Counts(), first_data_day=dt.date(2026, 10, 2))
    text = part_of(digest(began), "plain")
    assert "no data before 2 Oct 2026" in text
    assert "in the previous month" not in text


def test_a_long_period_is_charted_by_week_or_month() -> None:
    assert "Documents per week" in part_of(digest(snapshot((user(1),), period=parse_period("2026-Q3"))), "html")
    assert "Documents per month" in part_of(digest(snapshot((user(1),), period=parse_period("2025"))), "html")
    assert "Documents per" not in part_of(digest(snapshot((user(1),), period=parse_period("2026-10-03"))), "html")
