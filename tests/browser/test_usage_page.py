"""The Usage Reports page as a tenant's administrator meets it."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from signtally.domain.tenants import TenantProfile

Open = Callable[..., Page]
MAGIC = {
    "pdf": b"%PDF-",
    "xlsx": b"PK\x03\x04",
    "csv": b"\xef\xbb\xbfuser_id,",
    "zip": b"PK\x03\x04",
    "json": b'{"$schema"',
}


def column(page: Page, number: int = 1) -> list[str]:
    return page.locator(f"#users tbody tr > :nth-child({number})").all_inner_texts()


def test_an_administrator_sees_the_figures_of_the_month(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    expect(page.locator("h1")).to_have_text("October 2026 (to date)")
    expect(page.locator("#brand")).to_have_text("Acme & Söhne")
    expect(page.locator("#dates")).to_contain_text("1–17 Oct 2026, 17 days · Asia/Kathmandu")
    expect(page.locator("#fresh")).to_contain_text("Data through")
    totals = page.get_by_label("Totals")
    labels, shown = (totals.locator(part).all_inner_texts() for part in (".card-label", ".card-figure"))
    cards = dict(zip(labels, shown, strict=True))
    assert cards["Documents sent"] == "3,825"  # 100 + 99 + … + 56, and 7 of each on the 17th
    assert len(cards) == 8
    assert page.locator("#users tfoot td").first.inner_text() == "3,825"
    assert page.locator("#chart .bar").count() == 2 * 17
    expect(page.locator("#comparison")).to_contain_text("There are no figures of 1–17 Sept 2026 to compare with.")


@pytest.mark.parametrize(
    ("button", "suffix"), [("PDF", "pdf"), ("Excel", "xlsx"), ("CSV", "csv"), ("ZIP", "zip"), ("JSON", "json")]
)
def test_a_report_downloads_byte_for_byte(
    site: Any, open_page: Open, downloaded: Callable[..., bytes], button: str, suffix: str
) -> None:
    page = open_page(site.signed_in())
    body = downloaded(page, page.get_by_role("button", name=button, exact=True).click, suffix=f".{suffix}")
    assert body.startswith(MAGIC[suffix])
    stored = page.evaluate(
        "async token => (await fetch('v1/reports', { headers: { Authorization: `Bearer ${token}` } })).json()",
        site.token(),
    )
    (file,) = stored["rows"][0]["files"]
    assert (len(body), hashlib.sha256(body).hexdigest()) == (file["bytes"], file["sha256"])
    expect(page.locator("#progress")).to_contain_text("downloaded")
    row = page.locator("#history tbody tr")
    expect(row).to_contain_text("October 2026")
    again = downloaded(page, row.get_by_role("button", name="Download").click, suffix=f".{suffix}")
    assert again == body


@pytest.mark.parametrize("width", [1280, 375])
def test_documents_and_hours_come_after_the_counts(site: Any, open_page: Open, width: int) -> None:
    page = open_page(site.signed_in(), width=width)
    insights = page.get_by_role("region", name="Documents and hours")
    expect(insights.locator(".card")).to_have_count(5)
    stored = page.evaluate(
        "async token => (await fetch('v1/insights', { headers: { Authorization: `Bearer ${token}` } })).json()",
        site.token(),
    )
    figures = dict(
        zip(
            insights.locator(".card-label").all_inner_texts(),
            insights.locator(".card-figure").all_inner_texts(),
            strict=True,
        )
    )
    assert figures["Open documents"] == f"{stored['open_documents']:,}"
    assert figures["Distinct documents"] == f"{stored['distinct_documents']:,}"
    busiest = stored["activity"]["busiest_hour"]
    assert figures["Busiest hour"] == f"{busiest:02}:00–{busiest + 1:02}:00"
    assert insights.locator("rect.first").count() == stored["activity"]["hours"].count(max(stored["activity"]["hours"]))
    insights.get_by_text("Show as a table").click()
    rows = insights.locator("tbody tr td").all_inner_texts()
    assert [int(row.replace(",", "")) for row in rows] == stored["activity"]["hours"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_another_period_shows_its_change(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    page.get_by_text("Last month").click()
    expect(page.locator("h1")).to_have_text("September 2026")
    expect(page.locator("#headlines .card").first).to_contain_text("4500 in Aug 2026")
    page.get_by_text("Custom").click()
    page.get_by_label("From", exact=True).fill("2026-10-02")
    page.get_by_label("To", exact=True).fill("2026-10-03")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("h1")).to_have_text("2–3 Oct 2026")
    expect(page.locator("#empty")).to_contain_text("No activity in this period.")
    expect(page.locator("#users-section")).to_be_hidden()
    page.reload()
    expect(page.locator("h1")).to_have_text("2–3 Oct 2026")


def test_a_report_on_some_days_names_them_once(site: Any, open_page: Open, downloaded: Callable[..., bytes]) -> None:
    page = open_page(site.signed_in())
    page.get_by_text("Custom").click()
    page.get_by_label("From", exact=True).fill("2026-10-02")
    page.get_by_label("To", exact=True).fill("2026-10-17")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("h1")).to_have_text("2–17 Oct 2026 (to date)")
    expect(page.locator("#dates")).to_have_text("16 days · Asia/Kathmandu")
    downloaded(page, page.get_by_role("button", name="CSV").click, suffix=".csv")
    expect(page.locator("#history tbody th")).to_have_text("2–17 Oct 2026 16 days")


def test_names_appear_as_they_were_written(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    expect(page.locator("#users tbody tr")).to_have_count(25)
    names = column(page)
    assert any(name.startswith("<b>Ann</b>") for name in names)
    assert any(name.startswith("=1+1") for name in names)
    assert "u_5" in names
    arabic = page.locator("#users bdi", has_text="محمد العلي")
    assert arabic.evaluate("element => getComputedStyle(element).unicodeBidi") == "isolate"
    assert page.locator("#users b").count() == 0


def test_every_user_can_be_reached(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    expect(page.locator("#users-status")).to_have_text("1–25 of 45 users")
    first = column(page)
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#users-status")).to_have_text("26–45 of 45 users")
    assert len(set(first) | set(column(page))) == 45
    page.get_by_label("Search users").fill("ÁNN")
    expect(page.locator("#users-status")).to_have_text("2 of 45 users")
    page.get_by_label("Search users").fill("nobody at all")
    expect(page.locator("#users-status")).to_have_text("No users match your search.")


def test_columns_sort_both_ways(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
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
    expect(page.locator(".tip")).to_have_text("Sat, 17 Oct 2026Sent 315Completed 135")
    page.keyboard.press("Home")
    expect(page.locator(".tip")).to_contain_text("Thu, 1 Oct 2026")
    page.locator("#chart-section").get_by_text("Show as a table").click()
    expect(page.locator("#chart-table tbody tr")).to_have_count(17)
    page.get_by_role("combobox", name="Show").select_option("Received")
    expect(page.locator("#chart-title")).to_have_text("Received per day")


def test_the_token_leaves_the_address_and_outlives_a_reload(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    expect(page.locator("h1")).to_contain_text("October")
    assert page.url == f"{site.url}/"
    page.reload()
    expect(page.locator("h1")).to_contain_text("October")


def test_a_token_in_the_query_string_signs_nobody_in(site: Any, open_page: Open) -> None:
    page = open_page(f"{site.url}/?token={site.token()}")
    expect(page.locator("#signed-out h1")).to_have_text("Sign in to see your usage")


def test_an_ended_session_says_what_to_do(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(ttl_hours=-1), complains=True)  # the browser itself reports the 401
    expect(page.locator("#signed-out h1")).to_have_text("Your session has ended")
    expect(page.locator("#signed-out")).to_contain_text("Return to your portal")


def test_on_a_development_machine_the_page_says_how_to_get_a_token(site: Any, open_page: Open) -> None:
    page = open_page(site.url)
    expect(page.locator("pre")).to_contain_text("signtally token --tenant")
    page.get_by_label("Token").fill(site.token())
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1:visible")).to_contain_text("October")


def test_an_emailed_link_downloads_once_somebody_is_signed_in(
    site: Any, open_page: Open, downloaded: Callable[..., bytes]
) -> None:
    page = open_page(site.signed_in())
    body = downloaded(page, page.get_by_role("button", name="CSV").click, suffix=".csv")
    report_id = page.evaluate(
        "async token => (await (await fetch('v1/reports', "
        "{ headers: { Authorization: `Bearer ${token}` } })).json()).rows[0].report_id",
        site.token(),
    )
    other = open_page(f"{site.url}/v1/reports/{report_id}/files/csv")
    expect(other.locator("#signed-out")).to_contain_text("will download once you are signed in")
    assert other.url == f"{site.url}/"
    sign_in = f"location.hash = 'token={site.token()}'"
    assert downloaded(other, lambda: other.evaluate(sign_in), suffix=".csv") == body


def test_figures_that_may_still_change_say_so(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    expect(page.locator("#headlines")).to_contain_text("3,825")
    expect(page.locator("#provisional")).to_be_hidden()
    moved = site.services.stores.tenants.get("acme").model_copy(update={"timezone": "Asia/Kolkata"})
    site.services.stores.tenants.put(moved)
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#provisional")).to_have_text(re.compile("^Provisional: some events of 1–17 Oct 2026 have"))


def test_without_a_prefect_server_the_page_says_so(site: Any, open_page: Open) -> None:
    site.queue.closed = True
    page = open_page(site.signed_in(), complains=True)
    page.get_by_role("button", name="PDF").click()
    expect(page.locator("#notice")).to_contain_text("Reports cannot be ordered at the moment")
    expect(page.get_by_role("button", name="PDF")).to_be_enabled()


def test_without_a_connection_the_figures_stay_and_the_page_says_so(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(), complains=True)
    expect(page.locator("#headlines")).to_contain_text("3,825")
    page.context.set_offline(True)
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#notice")).to_contain_text("No connection")
    expect(page.locator("#headlines")).to_contain_text("3,825")
    page.context.set_offline(False)  # the page notices by itself
    expect(page.locator("#notice")).to_be_hidden()


def test_a_member_sees_their_own_activity(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(user_id="u_3", role="member"))
    expect(page.locator("#users-title")).to_have_text("Your activity")
    expect(page.locator("#users tbody tr")).to_have_count(1)
    assert column(page) == ["=1+1 u_3"]
    expect(page.get_by_label("Search users")).to_be_hidden()


@pytest.mark.parametrize("width", [375, 768, 1280])
def test_no_window_is_too_narrow(site: Any, open_page: Open, width: int) -> None:
    page = open_page(site.signed_in(), width=width)
    expect(page.locator("#headlines")).to_contain_text("3,825")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_everything_that_can_be_pressed_has_a_name(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    expect(page.locator("#headlines")).to_contain_text("3,825")
    tree = page.locator("body").aria_snapshot()
    nameless = re.findall(r"^\s*- (?:button|link|textbox|searchbox|combobox|radio)(?::| \[|$).*", tree, re.MULTILINE)
    assert nameless == []


@pytest.mark.parametrize(
    ("locale", "tag", "direction", "title", "users"),
    [
        ("de-CH", "de-CH", "ltr", "Oktober 2026 (bis heute)", "Benutzer"),
        ("ar", "ar", "rtl", "أكتوبر 2026 (حتى اليوم)", "المستخدمون"),
        ("ja", "ja", "ltr", "2026年10月（本日まで）", "ユーザー"),
        ("pt-BR", "en-GB", "ltr", "October 2026 (to date)", "Users"),
    ],
)
def test_it_takes_the_tenants_language(  # noqa: PLR0913, PLR0917 -- fixtures, and the columns of one table
    site: Any, open_page: Open, locale: str, tag: str, direction: str, title: str, users: str
) -> None:
    """The browser asks for English; whoever signs in gets the language that the tenant's files have."""
    profile = TenantProfile(tenant_id="acme", name="Acme & Söhne", timezone="Asia/Kathmandu", locale=locale)
    site.services.stores.tenants.put(profile)
    page = open_page(site.signed_in())
    expect(page.locator("h1")).to_have_text(title, timeout=15_000)
    expect(page.locator("#users-title")).to_have_text(users)
    assert page.locator("html").get_attribute("dir") == direction
    assert page.locator("html").get_attribute("lang") in {tag, tag.split("-", maxsplit=1)[0]}
    page.locator("#chart rect").first.wait_for()
