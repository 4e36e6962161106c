"""The page's overview, as a tenant's administrator meets it."""

import hashlib
import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from signtally.domain.tenants import TenantProfile
from tests.support.order_consumers import stop_consuming

Open = Callable[..., Page]
MAGIC = {
    "pdf": b"%PDF-",
    "xlsx": b"PK\x03\x04",
    "csv": b"\xef\xbb\xbfuser_id,",
    "zip": b"PK\x03\x04",
    "json": b'{"$schema"',
}
# Of each bar with its outline.
EDGES = """bars => bars.map((bar) => {
  const { x, width } = bar.getBBox();
  const beyond = parseFloat(getComputedStyle(bar).strokeWidth) / 2;
  return [x - beyond, x + width + beyond];
})"""


def cards(page: Page, region: str) -> dict[str, str]:
    box = page.get_by_role("region", name=region)
    labels, shown = (box.locator(part).all_inner_texts() for part in (".card-label", ".card-figure"))
    return dict(zip(labels, shown, strict=True))


@pytest.mark.parametrize("width", [1440, 390])
def test_an_administrator_sees_the_figures_of_the_month(site: Any, open_page: Open, width: int) -> None:
    page = open_page(site.signed_in(), width=width)
    expect(page.locator("#headlines .card-figure").first).to_have_text("3,825")  # 100 + … + 56, and 7 each on the 17th
    expect(page.locator("h1:visible")).to_have_text("October 2026 (to date)")
    expect(page.locator("#brand")).to_have_text("Acme & Söhne")
    expect(page.locator("#dates")).to_contain_text("1–17 Oct 2026, 17 days · Asia/Kathmandu")
    expect(page.locator("#fresh")).to_contain_text("Data through")
    figures = cards(page, "Totals")
    totals = site.get("usage", period="2026-10")["totals"]
    assert [int(figure.replace(",", "")) for figure in figures.values()] == [
        totals["sent"],
        totals["completed"],
        *(totals[key] for key in ("received", "viewed", "signed", "declined", "cancelled", "expired")),
    ]
    expect(page.locator("#chart .bar")).to_have_count(2 * 17)
    expect(page.locator("#comparison")).to_contain_text(
        "There are no figures for 1–17 Sept 2026 to compare with; figures begin on 30 Sept 2026."
    )
    insights = page.get_by_role("region", name="Documents and hours")
    expect(insights.locator(".card")).to_have_count(5)
    told = site.get("insights", period="2026-10")
    figures = cards(page, "Documents and hours")
    assert figures["Open documents"] == f"{told['open_documents']:,}"
    assert figures["Distinct documents"] == f"{told['distinct_documents']:,}"
    busiest = told["activity"]["busiest_hour"]
    assert figures["Busiest hour"] == f"{busiest:02}:00–{busiest + 1:02}:00"
    expect(page.locator("#highlights li")).to_have_text(told["highlights"])
    insights.get_by_text("Hours as a table").click()
    rows = insights.locator("tbody tr td").all_inner_texts()
    assert [int(row.replace(",", "")) for row in rows] == told["activity"]["hours"]
    trend = site.get("trend", period="2026-10")["rows"]
    page.get_by_text("Trend as a table").click()
    shown = page.locator("#trend-table tbody tr td:nth-child(2)").all_inner_texts()
    assert [int(figure.replace(",", "")) for figure in shown] == [row["sent"] for row in trend]
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize(
    ("button", "suffix"), [("PDF", "pdf"), ("Excel", "xlsx"), ("CSV", "csv"), ("ZIP", "zip"), ("JSON", "json")]
)
def test_a_report_downloads_byte_for_byte(
    site: Any, open_page: Open, downloaded: Callable[..., bytes], button: str, suffix: str
) -> None:
    page = open_page(site.signed_in(show="period=2026-09"))
    body = downloaded(page, page.get_by_role("button", name=button, exact=True).click, suffix=f".{suffix}")
    assert body.startswith(MAGIC[suffix])
    reports = site.get("reports")["rows"]
    (file,) = next(report["files"] for report in reports if report["formats"] == [suffix])
    assert (len(body), hashlib.sha256(body).hexdigest()) == (file["bytes"], file["sha256"])
    expect(page.locator("#progress")).to_contain_text("downloaded")
    expect(page.get_by_role("button", name=button, exact=True)).to_be_focused()


def test_the_chart_is_read_without_a_mouse_and_as_a_table(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    page.locator("#chart svg").focus()
    tip = page.locator("#chart .tip")
    expect(tip).to_have_text("Sat, 17 Oct 2026Sent 315Completed 135")
    page.keyboard.press("Home")
    expect(tip).to_contain_text("Thu, 1 Oct 2026")
    page.get_by_text("Days as a table").click()
    expect(page.locator("#chart-table tbody tr")).to_have_count(17)
    page.get_by_role("combobox", name="Show").select_option("Received")
    expect(page.locator("#chart-title")).to_have_text("Received per day")


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_the_first_figures_are_on_the_first_screen_of_a_telephone(site: Any, open_page: Open, language: str) -> None:
    site.services.stores.tenants.put(site.services.stores.tenants.get("acme").model_copy(update={"locale": language}))
    page = open_page(site.signed_in(show="period=2026-W41"), width=390)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#insights-section")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
    figure = page.locator("#headlines .card-figure").first.bounding_box()
    assert figure is not None
    assert figure["y"] + figure["height"] < 600  # whatever else there is to say above them
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_words_of_the_page_are_defined(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    page.get_by_text("Definitions").click()
    defined = dict(zip(*(page.locator(f"footer {part}").all_inner_texts() for part in ("dt", "dd")), strict=True))
    assert defined["Stuck"] == "Open for more than 14 days."
    assert defined["Late events"].startswith("Events that arrived after their day was counted")
    assert {"Data through", "Most significant change", "Sent", "Turnaround"} <= {*defined}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_hollow_bars_of_a_trend_stand_apart(site: Any, open_page: Open, language: str) -> None:
    """September's figures begin on its last day, and October is not over: no outline lies on another."""
    site.services.stores.tenants.put(site.services.stores.tenants.get("acme").model_copy(update={"locale": language}))
    page = open_page(site.signed_in())
    expect(page.locator("#trend .bar.hollow")).to_have_count(4)
    edges = sorted(page.locator("#trend .bar").evaluate_all(EDGES))
    gaps = [after[0] - before[1] for before, after in itertools.pairwise(edges)]
    assert min(gaps) > 1
    assert gaps[1] > 2 * (edges[0][1] - edges[0][0])  # between the months


def test_figures_that_may_still_change_say_so(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    expect(page.locator("#headlines")).to_contain_text("3,825")
    expect(page.locator("#provisional")).to_be_hidden()
    moved = site.services.stores.tenants.get("acme").model_copy(update={"timezone": "Asia/Kolkata"})
    site.services.stores.tenants.put(moved)
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#provisional")).to_have_text(re.compile("^Provisional: some events of 1–17 Oct 2026 have"))


def test_without_an_order_consumer_the_page_says_so(site: Any, open_page: Open) -> None:
    stop_consuming(site.services)
    page = open_page(site.signed_in(show="period=2026-08"), complains=True)
    page.get_by_role("button", name="PDF").click()
    expect(page.get_by_role("alert")).to_contain_text("Reports cannot be ordered at the moment")
    expect(page.get_by_role("button", name="PDF")).to_be_focused()


def test_without_a_connection_the_figures_stay_and_the_page_says_so(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(), complains=True)
    expect(page.locator("#headlines")).to_contain_text("3,825")
    page.context.set_offline(True)
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("alert")).to_contain_text("The service cannot be reached")
    expect(page.locator("#headlines")).to_contain_text("3,825")
    page.context.set_offline(False)  # the page notices by itself
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "tag", "direction", "titles", "users"),
    [
        ("de-CH", "de-CH", "ltr", ("Oktober 2026 (bis heute)", "Woche vom 5. bis 11. Okt. 2026"), "Benutzer"),
        ("ar", "ar", "rtl", ("أكتوبر 2026 (حتى اليوم)", "أسبوع 5–11 أكتوبر 2026"), "المستخدمون"),
        ("ja", "ja", "ltr", ("2026年10月（本日まで）", "2026年10月5日～11日の週"), "ユーザー"),
        ("pt-BR", "en-GB", "ltr", ("October 2026 (to date)", "Week of 5–11 Oct 2026"), "Users"),
    ],
)
def test_it_takes_the_tenants_language(  # noqa: PLR0913, PLR0917 -- fixtures, and the columns of one table
    site: Any, open_page: Open, locale: str, tag: str, direction: str, titles: tuple[str, str], users: str
) -> None:
    """The browser asks for English; whoever signs in gets the language that the tenant's files have."""
    title, week = titles
    profile = TenantProfile(tenant_id="acme", name="Acme & Söhne", timezone="Asia/Kathmandu", locale=locale)
    site.services.stores.tenants.put(profile)
    page = open_page(site.signed_in())
    expect(page.locator("h1:visible")).to_have_text(title)
    expect(page.get_by_role("navigation").get_by_role("link", name=users)).to_be_visible()
    assert page.locator("html").get_attribute("dir") == direction
    assert page.locator("html").get_attribute("lang") in {tag, tag.split("-", maxsplit=1)[0]}
    page.locator("#chart rect").first.wait_for()
    page.goto(f"{site.url}/#period=2026-W41")
    expect(page.locator("h1:visible")).to_have_text(week)
