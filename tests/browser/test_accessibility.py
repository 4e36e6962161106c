"""Whether everybody can use the page: axe with its best practices, in every view, width, colour and direction."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportRequest
from signtally.use_cases.reporting import report_now

Open = Callable[..., Page]
VIEWS = ["overview", "documents", "users", "reports", "schedules", "settings", "activity"]


@pytest.fixture(scope="module", autouse=True)
def _a_report(shared_site: Any) -> None:
    request = ReportRequest("acme", parse_period("2026-09"), ("csv",))
    report_now(request, requested_by="u_1", services=shared_site.services)


def settled(page: Page) -> None:
    expect(page.locator("h1:visible")).to_be_visible()
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")


def flaws(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html'][:150]}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize(("width", "dark", "locale"), [(1440, False, "en"), (390, True, "de"), (390, False, "ar")])
def test_axe_finds_nothing(site: Any, open_page: Open, width: int, dark: bool, locale: str) -> None:  # noqa: FBT001
    tenant = site.services.stores.tenants.get("acme")
    site.services.stores.tenants.put(tenant.model_copy(update={"locale": locale}))
    page = open_page(site.signed_in(), width=width, dark=dark)
    settled(page)
    for view in VIEWS:
        page.evaluate(f"location.hash = 'view={view}&period=2026-10'")
        expect(page.locator(f"nav [data-key={view}]")).to_have_attribute("aria-current", "page")
        settled(page)
        assert (view, flaws(page)) == (view, [])
        assert page.evaluate("document.documentElement.scrollWidth") == width, view


def test_axe_finds_nothing_in_dialogs_and_notices(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=reports&report=x&format=pdf"), complains=True)
    page.get_by_role("alert").wait_for()
    page.get_by_role("button", name=re.compile("^Details")).first.click()
    settled(page)
    assert flaws(page) == []
    page.get_by_role("button", name="New report").click()
    page.get_by_label("Some users").check()
    page.get_by_label("Åse Ødegård").wait_for()
    assert flaws(page) == []
    page.evaluate("location.hash = 'view=schedules&dialog=new'")
    page.get_by_text("More settings").click()
    page.get_by_label("When to send").select_option("Only when nothing was sent")
    page.get_by_role("button", name="Add a channel or webhook").click()
    assert flaws(page) == []


def test_axe_finds_nothing_when_nobody_is_signed_in(site: Any, open_page: Open) -> None:
    page = open_page(site.url)
    page.get_by_role("link", name="Go to your portal").wait_for()
    assert flaws(page) == []


def test_everything_that_can_be_pressed_has_a_name_of_its_own(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    settled(page)
    tree = page.locator("body").aria_snapshot()
    controls = re.findall(r"^\s*- ((?:button|link|textbox|searchbox|combobox|radio)\b.*)", tree, re.MULTILINE)
    assert [each for each in controls if '"' not in each] == []
    assert len(controls) == len(set(controls))


def test_the_skip_link_leads_to_the_figures(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=users"))
    settled(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#figures")).to_be_focused()
    assert page.url.endswith("#view=users&period=2026-10")


def test_the_page_is_light_and_few_requests(site: Any, open_page: Open) -> None:
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.signed_in())
    expect(page.locator("#trend-section")).to_be_visible()
    settled(page)
    assert len([url for url in asked if "/v1/" not in url and "favicon" not in url]) == 3  # page, style, script
    assert len([url for url in asked if "/v1/" in url]) == 4  # who, figures, insights, trend
