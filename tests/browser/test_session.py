"""Signing in to the page, and staying so: tokens, tabs, links from emails, the portal."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportManifest, ReportRequest
from signtally.domain.tenants import TenantProfile
from signtally.use_cases.reporting import report_now

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def report(shared_site: Any) -> ReportManifest:
    request = ReportRequest("acme", parse_period("2026-09"), ("csv",))
    return report_now(request, requested_by="schedule monthly", services=shared_site.services)


def test_the_token_leaves_the_address_and_outlives_a_reload(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    expect(page.locator("h1:visible")).to_contain_text("October")
    assert page.url == f"{site.url}/#period=2026-10"
    page.reload()
    expect(page.locator("h1:visible")).to_contain_text("October")


def test_a_token_in_the_query_string_signs_nobody_in(site: Any, open_page: Open) -> None:
    page = open_page(f"{site.url}/?token={site.token()}")
    expect(page.locator("h1:visible")).to_have_text("Sign in to see your usage")


def test_an_ended_session_leads_to_the_portal_and_back_to_the_same_place(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(ttl_hours=-1, show="view=documents&period=2026-09"), complains=True)
    expect(page.locator("h1:visible")).to_have_text("Your session has ended")
    portal = urlsplit(page.get_by_role("link", name="Go to your portal").get_attribute("href") or "")
    assert (portal.hostname, parse_qs(portal.query)["from"]) == ("portal.example", ["menu"])
    (back,) = parse_qs(portal.query)["return_to"]
    assert back == f"{site.url}/#view=documents&period=2026-09"
    page.goto(f"{back}&token={site.token()}")  # as the portal sends somebody back
    expect(page.get_by_role("link", name="Documents")).to_have_attribute("aria-current", "page")
    expect(page.locator("h1:visible")).to_have_text("September 2026")


def test_on_a_development_machine_the_page_says_how_to_get_a_token(site: Any, open_page: Open) -> None:
    page = open_page(site.url)
    expect(page.locator("pre")).to_contain_text("signtally token --tenant")
    page.get_by_label("Token").fill(site.token())
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1:visible")).to_contain_text("October")


def test_an_emailed_link_downloads_beside_a_signed_in_tab(
    site: Any, open_page: Open, report: ReportManifest, downloaded: Callable[..., bytes]
) -> None:
    first = open_page(site.signed_in())
    expect(first.locator("h1:visible")).to_contain_text("October")
    tab = first.context.new_page()
    link = f"{site.url}/v1/reports/{report.key.report_id}/files/csv"
    body = downloaded(tab, lambda: tab.goto(link), suffix=".csv")
    assert len(body) == report.files[0].size_bytes
    expect(tab.get_by_role("status").filter(has_text="has been downloaded")).to_be_visible()
    expect(tab.get_by_role("button", name="Details: September 2026")).to_have_attribute("aria-expanded", "true")


def test_an_emailed_link_finds_its_way_without_a_session(
    site: Any, open_page: Open, report: ReportManifest, downloaded: Callable[..., bytes]
) -> None:
    page = open_page(f"{site.url}/v1/reports/{report.key.report_id}/files/csv?version=1")
    expect(page.locator("#signed-out")).to_contain_text("will download once you are signed in")
    portal = urlsplit(page.get_by_role("link", name="Go to your portal").get_attribute("href") or "")
    (back,) = parse_qs(portal.query)["return_to"]
    assert back == f"{site.url}/#report={report.key.report_id}&format=csv&version=1"
    other = open_page("about:blank")  # whatever becomes of the tab meanwhile
    body = downloaded(other, lambda: other.goto(f"{back}&token={site.token()}"), suffix=".csv")
    assert len(body) == report.files[0].size_bytes


def test_a_link_that_leads_nowhere_says_so_until_it_is_read(site: Any, open_page: Open, report: ReportManifest) -> None:
    page = open_page(site.signed_in(show="report=doesnotexist&format=pdf"), complains=True)
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("The report from your email could not be downloaded.")
    page.get_by_role("link", name="Overview").click()
    expect(page.locator("#headlines")).to_contain_text("3,825")
    expect(notice).to_be_visible()
    member = open_page(
        site.signed_in("u_3", role="member", show=f"report={report.key.report_id}&format=csv"), complains=True
    )
    expect(member.get_by_role("alert")).to_contain_text("which only an administrator may see")


def test_tabs_share_a_session_and_its_end(site: Any, open_page: Open) -> None:
    first = open_page(site.signed_in())
    expect(first.locator("h1:visible")).to_contain_text("October")
    second = open_page(f"{site.url}/#view=users&period=2026-09", beside=first)
    expect(second.locator("h1:visible")).to_have_text("September 2026")
    second.get_by_role("button", name="Sign out").click()
    expect(second.locator("h1:visible")).to_have_text("You have signed out")
    expect(second.locator("h1:visible")).to_be_focused()
    expect(first.locator("h1:visible")).to_have_text("You have signed out")
    second.goto(site.signed_in())
    second.reload()
    expect(first.locator("h1:visible")).to_contain_text("October")  # the first tab hears of it


def test_a_session_that_another_tab_renewed_goes_on(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(), complains=True)
    expect(page.locator("#headlines")).to_contain_text("3,825")
    open_page(site.signed_in(), beside=page)
    page.evaluate("token => sessionStorage.setItem('signtally.token', token)", site.token(ttl_hours=-1))
    page.get_by_text("Last month", exact=True).click()
    expect(page.locator("h1:visible")).to_have_text("September 2026")


@pytest.mark.parametrize("view", ["reports", "schedules", "settings", "activity"])
def test_a_session_that_ends_leads_to_the_portal_from_every_view(site: Any, open_page: Open, view: str) -> None:
    page = open_page(site.signed_in(), complains=True)
    expect(page.locator("#headlines")).to_contain_text("3,825")
    page.evaluate("token => sessionStorage.setItem('signtally.token', token)", site.token(ttl_hours=-1))
    page.locator(f"nav [data-key={view}]").click()
    expect(page.locator("h1:visible")).to_have_text("Your session has ended")
    expect(page.locator("h1:visible")).to_be_focused()
    portal = urlsplit(page.get_by_role("link", name="Go to your portal").get_attribute("href") or "")
    assert parse_qs(portal.query)["return_to"] == [f"{site.url}/#view={view}&period=2026-10"]


@pytest.mark.parametrize(
    ("view", "label", "place"), [("schedules&dialog=new", "Name", "dialog"), ("settings", "Name", "#notices")]
)
def test_what_was_typed_outlives_a_session(site: Any, open_page: Open, view: str, label: str, place: str) -> None:
    page = open_page(site.signed_in(show=f"view={view}"), complains=True)
    page.get_by_label(label, exact=True).fill("Typed for long")
    page.evaluate("token => sessionStorage.setItem('signtally.token', token)", site.token(ttl_hours=-1))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(place)).to_contain_text("Sign in at your portal in another tab, then try again here.")
    expect(page.get_by_label(label, exact=True)).to_have_value("Typed for long")
    open_page(site.signed_in(), beside=page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#notices")).to_contain_text(re.compile("created|Saved"))


def test_nobody_takes_the_place_of_another(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(), complains=True)
    expect(page.locator("#headlines")).to_contain_text("3,825")
    open_page(site.signed_in("u_2"), beside=page)
    page.evaluate("token => sessionStorage.setItem('signtally.token', token)", site.token(ttl_hours=-1))
    page.get_by_text("Last month", exact=True).click()
    expect(page.locator("h1:visible")).to_have_text("Your session has ended")


def test_who_is_of_a_suspended_tenant_is_told_so(site: Any, open_page: Open) -> None:
    site.services.stores.tenants.put(TenantProfile(tenant_id="globex", name="Globex", status="suspended"))
    page = open_page(f"{site.url}/#token={site.token(tenant_id='globex')}", complains=True)
    expect(page.locator("h1:visible")).to_have_text("You have no access")
    expect(page.locator("#signed-out")).to_contain_text("Globex is suspended: it gets no reports and no figures.")
    expect(page.get_by_role("link", name="Go to your portal")).to_be_visible()
