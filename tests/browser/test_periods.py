"""The page's periods: chosen, stepped through, kept in the address, and what cannot be shown."""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from signtally.api.app import create_app
from signtally.domain.tenants import Allowance
from tests.browser.conftest import ACME, NOW, served

Open = Callable[..., Page]


def test_another_period_shows_its_change(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    page.get_by_text("Last month", exact=True).click()
    expect(page.locator("h1:visible")).to_have_text("September 2026")
    expect(page.get_by_role("region", name="Totals")).to_contain_text("450")
    expect(page.get_by_role("region", name="Totals").get_by_text("30 Sept 2026")).to_have_text(  # once
        "There are no figures for August 2026 (1–31 Aug 2026, 31 days) to compare with; figures begin on 30 Sept 2026."
    )
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
    expect(page.get_by_role("button", name="The period after")).to_be_focused()  # it was pressed


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


def test_the_chosen_period_is_in_sight_on_a_telephone(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=users"), width=390)
    page.evaluate("location.hash = 'view=users&from=2026-07-20&to=2026-10-17'")
    chosen = page.locator("#presets label", has=page.get_by_role("radio", name="90 days", checked=True))
    expect(chosen).to_be_in_viewport(ratio=0.99)


def test_a_page_that_was_left_open_overnight_knows_the_new_day(site: Any, open_page: Open) -> None:
    """In Kathmandu, it is 18:20 of the 17th, and then 06:20 of the 18th."""
    hours = 0
    later = dataclasses.replace(site.services, clock=lambda: NOW + dt.timedelta(hours=hours))
    with served(create_app(later, loopback_only=True)) as url:
        page = open_page("about:blank")
        page.clock.set_fixed_time(NOW)
        page.goto(f"{url}/#token={site.token()}&period=2026-10-17")
        expect(page.get_by_role("radio", name="Today")).to_be_checked()
        expect(page.locator("h1:visible")).to_have_text("Saturday, 17 October 2026 (to date)")
        hours = 12
        page.clock.set_fixed_time(later.clock())
        page.get_by_role("button", name="Refresh").press("Enter")
        expect(page.get_by_role("radio", name="Yesterday")).to_be_checked()
        expect(page.locator("h1:visible")).to_have_text("Saturday, 17 October 2026")
        expect(page.get_by_role("button", name="Refresh")).to_be_focused()
        page.close()  # before its server


def test_titles_and_figures_are_as_files_write_them_and_the_allowance_is_told_once(site: Any, open_page: Open) -> None:
    changes = {"locale": "es-ES", "allowance": Allowance(documents_per_month=9_000)}
    site.services.stores.tenants.put(ACME.model_copy(update=changes))
    page = open_page(site.signed_in())
    expect(page.locator("h1:visible")).to_have_text("Octubre de 2026 (hasta hoy)")
    expect(page.locator("#headlines .card-figure").first).to_have_text("3.825")
    expect(page.locator("#insights-section")).to_be_visible()
    expect(page.locator("main").get_by_text("9.000")).to_have_count(1)
    expect(page.locator("#highlights")).to_contain_text("3.825 de 9.000")
    page.get_by_text("Ayer", exact=True).click()  # nothing is told of it: the line below stands alone
    expect(page.locator("h1:visible")).to_have_text("Viernes, 16 de octubre de 2026")
    expect(page.locator("#allowance")).to_contain_text("9.000")
    expect(page.locator("#highlights")).not_to_contain_text("9.000")
