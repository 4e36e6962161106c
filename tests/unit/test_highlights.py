"""What a report says first, by rule."""

import dataclasses
import datetime as dt

import polars as pl
import pytest
from hypothesis import given

from signtally.domain.actions import Action, Counts
from signtally.domain.documents import DOCUMENT_ROWS
from signtally.domain.highlights import SignificantChange, SteadyUse, StuckDocuments, highlights_of
from signtally.domain.periods import period_between
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.contents import Contents
from signtally.render.highlights import highlight_sentences
from tests.support.report_samples import ACME, snapshot, snapshots, user

SENT_AT = dt.datetime(2026, 9, 1, 22, 30, tzinfo=dt.UTC)


def documents(*days_open: int) -> pl.DataFrame:
    plain: dict[str, object] = dict.fromkeys(DOCUMENT_ROWS)
    rows = [
        plain | {"document_id": f"d{number}", "status": "open", "sent_at": SENT_AT, "days_open": days}
        for number, days in enumerate(days_open)
    ]
    return pl.DataFrame(rows, schema=DOCUMENT_ROWS)


def report(now: Counts, before: Counts, **changes: object) -> UsageSnapshot:
    plain = snapshot((user(1, counts=now),), previous_totals=before)
    return dataclasses.replace(plain, allowance=None, **changes)  # type: ignore[arg-type] # fields of the snapshot


def test_the_significant_change_is_the_one_furthest_from_chance() -> None:
    now, before = Counts(sent=520, completed=3, declined=7), Counts(sent=400, completed=1, declined=7)
    changed = report(now, before)
    assert highlights_of(changed) == (SignificantChange(Action.SENT, 520, 400),)
    assert highlight_sentences(Contents(changed)) == ("Most significant change: Sent +30%, from 400 to 520.",)


def test_what_is_nothing_to_speak_of_is_left_out() -> None:
    equal = Counts(sent=400, completed=300)
    assert highlights_of(report(equal, equal, documents=documents(14, 3))) == (SteadyUse(400, 300, 400),)
    assert highlights_of(report(Counts(), Counts())) == ()


def test_where_nothing_changed_a_report_says_how_much_there_was() -> None:
    began = dt.date(2026, 9, 29)
    steady = report(Counts(sent=404, completed=3), Counts(sent=400))
    assert highlights_of(steady) == (SteadyUse(404, 3, 400),)
    assert highlights_of(report(Counts(viewed=1), Counts())) == (SteadyUse(0, 0, 0),)
    assert highlights_of(report(Counts(sent=400), Counts(sent=40), first_data_day=began)) == (SteadyUse(400, 0, None),)
    assert highlight_sentences(Contents(steady)) == ("404 documents sent, 3 completed (previous period: 400 sent).",)


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("de", "2 Dokumente gesendet, 1 abgeschlossen (voriger Zeitraum: 1 gesendet)."),
        ("fr", "2 documents envoyés, 1 terminé (période précédente\N{NO-BREAK SPACE}: 1 envoyé)."),
        ("es", "2 documentos enviados, 1 completado (periodo anterior: 1 enviado)."),
        ("ja", "送信2件、完了1件（前の期間は送信1件）。"),
        ("ar", "أُرسل مستندان، واكتمل واحد (الفترة السابقة: أُرسل واحد)."),
    ],
)
def test_each_number_of_a_sentence_has_its_own_form(locale: str, sentence: str) -> None:
    tenant = ACME.model_copy(update={"locale": locale})
    steady = report(Counts(sent=2, completed=1), Counts(sent=1, completed=1), tenant=tenant)
    assert highlight_sentences(Contents(steady)) == (sentence,)


def test_documents_are_stuck_after_a_fortnight() -> None:
    stuck = report(Counts(), Counts(), documents=documents(59, 15, 14))
    assert highlights_of(stuck) == (StuckDocuments(2, "d0", SENT_AT, 59),)
    assert highlight_sentences(Contents(stuck)) == (
        "2 documents have been open for more than 14 days: the oldest was sent on 2 Sept 2026.",
    )


def test_the_allowance_is_news_when_it_is_used_up_or_will_be() -> None:
    used_up = snapshot((user(1, counts=Counts(sent=100)),), previous_totals=Counts(sent=100))
    assert highlight_sentences(Contents(used_up)) == (
        "100 documents sent, 0 completed (previous period: 100 sent).",
        "The allowance for October 2026 was used up on 1 Oct 2026: 100 of 100 documents sent.",
    )


def test_an_allowance_that_lasts_is_news_of_a_whole_month() -> None:
    lasts = snapshot((user(1, counts=Counts(sent=10)),), previous_totals=Counts(sent=10))
    assert highlight_sentences(Contents(lasts))[-1] == (
        "The allowance for October 2026 was enough: 10 of 100 documents sent."
    )
    same_days = period_between(dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    assert highlights_of(dataclasses.replace(lasts, period=same_days)) == (SteadyUse(10, 0, 10),)


@given(any_report=snapshots())
def test_three_sentences_at_most_and_none_is_empty(any_report: UsageSnapshot) -> None:
    sentences = highlight_sentences(Contents(any_report))
    assert len(sentences) <= 3
    assert all(sentence.strip() for sentence in sentences)
    assert not any("%(" in sentence for sentence in sentences)
