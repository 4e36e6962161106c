"""The page's overview and users, as a tenant's administrator meets them."""

import datetime as dt
import hashlib
import itertools
import re
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from signtally.domain.actions import MEASURES
from signtally.domain.schemas import DAILY_USAGE
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


def column(page: Page, number: int = 1) -> list[str]:
    return page.locator(f"#users tbody tr > :nth-child({number})").all_inner_texts()


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
    expect(page.locator("#comparison")).to_contain_text("There are no figures for 1–17 Sept 2026 to compare with.")
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


def test_another_period_shows_its_change(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    page.get_by_text("Last month", exact=True).click()
    expect(page.locator("h1:visible")).to_have_text("September 2026")
    expect(page.locator("#headlines .card").first).to_contain_text("450no data before 30 Sept 2026")
    assert page.url == f"{site.url}/#period=2026-09"
    page.get_by_text("Custom").click()
    page.get_by_label("From", exact=True).fill("2026-10-02")
    page.get_by_label("To", exact=True).fill("2026-10-03")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("h1:visible")).to_have_text("2–3 Oct 2026")
    expect(page.locator("#empty")).to_contain_text("No activity in this period.")
    page.reload()
    expect(page.locator("h1:visible")).to_have_text("2–3 Oct 2026")
    page.go_back()
    expect(page.locator("h1:visible")).to_have_text("September 2026")
    expect(page.get_by_role("radio", name="Last month")).to_be_checked()


def test_periods_are_chosen_and_stepped_through_by_keyboard(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    expect(page.get_by_role("radio", name="This month")).to_be_checked()
    page.get_by_role("radio", name="This month").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("h1:visible")).to_have_text("September 2026")
    page.keyboard.press("9")
    expect(page.locator("h1:visible")).to_have_text("20 Jul – 17 Oct 2026 (to date)")
    expect(page.get_by_role("radio", name="90 days")).to_be_focused()
    page.keyboard.press("l")  # the first behind it that begins so
    expect(page.locator("h1:visible")).to_have_text("Week of 5–11 Oct 2026")
    page.get_by_role("button", name="The period before").press("Enter")
    expect(page.locator("h1:visible")).to_have_text("Week of 28 Sept – 4 Oct 2026")
    page.get_by_role("button", name="The period after").press("Enter")
    page.get_by_role("button", name="The period after").press("Enter")
    expect(page.locator("h1:visible")).to_have_text("Week of 12–18 Oct 2026 (to date)")
    expect(page.get_by_role("radio", name="This week")).to_be_checked()
    expect(page.get_by_role("button", name="The period after")).to_be_disabled()


def test_a_period_that_cannot_be_shown_leaves_all_as_it_was(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(), complains=True)
    expect(page.locator("#headlines")).to_contain_text("3,825")
    page.route("**/v1/usage?period=2026-09*", lambda route: route.abort())
    page.get_by_text("Last month", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("September 2026 could not be shown.")
    expect(page.locator("h1:visible")).to_have_text("October 2026 (to date)")
    expect(page.get_by_role("radio", name="This month")).to_be_checked()
    assert page.url.endswith("#period=2026-10")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("h1:visible")).to_have_text("September 2026")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_what_was_to_be_expected_is_said_in_plain_words(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="period=2031-01"), complains=True)
    expect(page.get_by_role("alert")).to_contain_text("January 2031 could not be shown. It has not begun yet.")
    expect(page.get_by_role("heading", name="Documents per day")).to_have_count(0)  # no empty frame of figures
    expect(page.get_by_role("alert")).not_to_contain_text("Request")  # nobody has to look for it in a log
    page.get_by_role("button", name=re.compile("^Dismiss")).click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#figures")).to_be_focused()


def test_names_appear_as_they_were_written(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=users"))
    expect(page.locator("#users tbody tr")).to_have_count(25)
    names = column(page)
    assert any(name.startswith("<b>Ann</b>") for name in names)
    assert any(name.startswith("=1+1") for name in names)
    assert "u_5" in names
    assert any(name.startswith("Eve nwodkcab") for name in names)  # what would turn the line around is taken out
    arabic = page.locator("#users bdi", has_text="محمد العلي")
    assert arabic.evaluate("element => getComputedStyle(element).unicodeBidi") == "isolate"
    assert page.locator("#users b").count() == 0


def test_every_user_can_be_reached(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=users"))
    expect(page.locator("#users-status")).to_have_text("1–25 of 45 users")
    expect(page.locator("#users tfoot td").first).to_have_text("3,825")
    first = column(page)
    page.get_by_role("button", name="Next").press("Enter")
    expect(page.locator("#users-status")).to_have_text("26–45 of 45 users")
    expect(page.get_by_role("button", name="Previous")).to_be_focused()  # there is no next one
    assert len(set(first) | set(column(page))) == 45
    page.get_by_label("Search users").fill("ÁNN")
    expect(page.locator("#users-status")).to_have_text("3 of 45 users")
    page.get_by_label("Search users").fill("odegard")
    expect(page.locator("#users tbody tr")).to_have_count(1)
    assert column(page) == ["Åse Ødegård ase@acme.example"]
    page.reload()
    expect(page.get_by_label("Search users")).to_have_value("odegard")
    expect(page.locator("#users tbody tr")).to_have_count(1)
    page.get_by_label("Search users").fill("ØDE åse")
    expect(page.locator("#users tbody tr")).to_have_count(1)
    page.get_by_label("Search users").fill("nobody at all")
    expect(page.locator("#users-status")).to_have_text("No users match your search.")


def test_emails_are_there_on_a_telephone(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=users&q=a"), width=390)
    expect(page.get_by_text("ann@acme.example")).to_be_visible()  # of two people with one name
    expect(page.get_by_text("other@acme.example")).to_be_visible()
    expect(page.get_by_text("ase@acme.example")).to_be_hidden()
    page.get_by_label("Show all emails").check()
    expect(page.get_by_text("ase@acme.example")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_columns_sort_both_ways(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=users"))
    header = page.get_by_role("columnheader", name="Received")
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(header.get_by_role("button")).to_be_focused()
    assert column(page, 3)[0] == "214"
    page.keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert column(page, 3)[0] == "126"


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


def test_who_sent_nothing_is_found_though_they_did_nothing_at_all(site: Any, open_page: Open) -> None:
    counts = dict.fromkeys(MEASURES, 0) | {"sent": 2}
    row = {"tenant_id": "acme", "user_id": "u_gone", "day": dt.date(2026, 2, 3), "timezone": "Asia/Kathmandu", **counts}
    row |= {"user_name": "Gone Gry", "user_email": None}
    site.services.usage_store.put_daily_usage(pl.DataFrame([row], schema=DAILY_USAGE), version=1)
    page = open_page(site.signed_in(show="view=users"))
    page.get_by_text("Sent nothing", exact=True).click()
    expect(page.locator("#whose-note")).to_contain_text("sent nothing in this period")
    expect(page.locator("#users tbody th")).to_have_text(["Gone Gry u_gone"])
    assert page.url.endswith("#view=users&period=2026-10&who=silent")
    page.reload()
    expect(page.get_by_role("radio", name="Sent nothing")).to_be_checked()
    expect(page.locator("#users-status")).to_have_text("1 user")


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


def test_figures_come_once_there_is_a_connection(site: Any, open_page: Open) -> None:
    """Though none were shown before; and an address that names no period that exists is that of the current month."""
    page = open_page(site.signed_in(show="view=settings&period=2026-99"), complains=True)
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("alert")).to_contain_text("October 2026 could not be shown.")
    page.context.set_offline(False)
    expect(page.locator("#headlines")).to_contain_text("3,825")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_member_sees_their_own_activity(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(user_id="u_3", role="member", show="view=users"))
    expect(page.get_by_role("link", name="Your activity")).to_have_attribute("aria-current", "page")
    expect(page.locator("#users tbody tr")).to_have_count(1)
    assert column(page) == ["=1+1 u_3"]
    expect(page.get_by_label("Search users")).to_be_hidden()
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(
        ["Overview", "Documents", "Your activity", "Reports"]
    )


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


def test_the_chosen_period_is_in_sight_on_a_telephone(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=users"), width=390)
    page.evaluate("location.hash = 'view=users&from=2026-07-20&to=2026-10-17'")
    chosen = page.locator("#presets label", has=page.get_by_role("radio", name="90 days", checked=True))
    expect(chosen).to_be_in_viewport(ratio=0.99)
