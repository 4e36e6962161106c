"""What a rendered file is called and what it is, and how a chart gathers days."""

import datetime as dt
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.actions import Counts
from signtally.domain.periods import parse_period, period_between
from signtally.render.chart import usage_chart
from signtally.render.contents import Contents
from signtally.render.files import download_name, key_name, render
from tests.support.report_samples import ACME, IDENTITY, snapshot, user


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Acme", "Acme usage 2026-10.pdf"),
        ("Müller & Söhne GmbH", "Muller & Sohne GmbH usage 2026-10.pdf"),
        ("../../etc/passwd", "etc passwd usage 2026-10.pdf"),
        ('a"b\r\nc', "a b c usage 2026-10.pdf"),
        ("山田商事", "acme usage 2026-10.pdf"),
    ],
)
def test_a_download_is_called_by_tenant_and_period(name: str, file: str) -> None:
    assert download_name(snapshot(tenant=ACME.model_copy(update={"name": name})), "pdf") == file


@pytest.mark.parametrize(
    ("locale", "file"),
    [
        ("de-DE", "Acme Nutzung 2026-10.pdf"),
        ("fr", "Acme utilisation 2026-10.pdf"),
        ("ja", "Acme 利用状況 2026-10.pdf"),
        ("ar", "Acme 2026-10 الاستخدام.pdf"),
    ],
)
def test_a_download_is_called_in_the_tenants_language(locale: str, file: str) -> None:
    assert download_name(snapshot(tenant=ACME.model_copy(update={"locale": locale})), "pdf") == file


@given(st.text(st.characters(), min_size=1), st.text(st.characters(), min_size=1))
def test_no_name_breaks_a_header_or_a_folder(name: str, tenant_id: str) -> None:
    found = download_name(snapshot(tenant=ACME.model_copy(update={"name": name, "tenant_id": tenant_id})), "csv")
    assert found.isascii()
    assert found.isprintable()
    assert not set(found) & set('"/\\:*?<>|;%')
    assert found[0].isalnum() or found[0] in "(_&"


def test_formats_have_their_own_types_and_keys() -> None:
    rendered = render("csv", snapshot(), IDENTITY)
    assert rendered.content_type == "text/csv; charset=utf-8"
    assert render("zip", snapshot(), IDENTITY).content_type == "application/zip"
    assert render("json", snapshot(), IDENTITY).content_type == "application/json"
    assert key_name("xlsx") == "usage.xlsx"
    with pytest.raises(ValueError, match="choose among pdf, xlsx, csv, zip, json"):
        render("docx", snapshot(), IDENTITY)


def test_importing_the_renderer_is_cheap() -> None:
    """Who only orders a report does not pay for WeasyPrint and openpyxl."""
    script = "import sys, signtally.render.files; print({'weasyprint', 'openpyxl'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_a_year_is_charted_by_the_tenants_weeks() -> None:
    """And the weeks that the year cuts are told."""
    chart = usage_chart(Contents(snapshot((user(1),), period=parse_period("2025"))))
    assert chart.step == "week"
    assert [bar.first for bar in chart.bars[:2]] == [dt.date(2025, 1, 1), dt.date(2025, 1, 6)]
    assert chart.caption.startswith("The first and last week")
    assert sum(bar.sent for bar in chart.bars) == 2


def test_a_month_is_charted_by_day_and_ten_years_by_month() -> None:
    assert len(usage_chart(Contents(snapshot())).bars) == 31
    decade = period_between(dt.date(2016, 5, 1), dt.date(2026, 4, 30))
    chart = usage_chart(Contents(snapshot(period=decade)))
    assert (chart.step, len(chart.bars), chart.caption) == ("month", 120, "")


def test_cards_compare_with_the_period_before() -> None:
    cards = Contents(snapshot((user(1, counts=Counts(sent=10, completed=3)),))).cards
    assert [(card.label, card.figure, card.change, card.trend) for card in cards] == [
        ("Documents sent", "10", "+25%", "up"),
        ("Documents completed", "3", "−25%", "down"),
        ("Completion rate", "30.0%", "−20.0 pts", "down"),
        ("Allowance used", "10.0%", "", ""),
    ]


def test_a_part_of_the_users_has_no_allowance() -> None:
    cards = Contents(snapshot((user(1),), user_ids=("u_1",))).cards
    assert cards[-1].label == "Active senders"
