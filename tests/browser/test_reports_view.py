"""Reports on the page: ordered, being made, ready or failed; their versions, what changed, what is gone."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from signtally.domain.actions import MEASURES
from signtally.domain.periods import parse_period
from signtally.domain.report_failures import FailureCode, FailureReason, ReportFailure
from signtally.domain.reports import ReportManifest, ReportRequest
from signtally.domain.schemas import DAILY_USAGE
from signtally.use_cases.reporting import report_now
from tests.browser.conftest import NOW

Open = Callable[..., Page]
# Where what an element says begins.
EDGE = """element => {
  const said = document.createRange();
  said.selectNodeContents(element);
  return Math.round(said.getBoundingClientRect().left);
}"""


def make(site: Any, request: ReportRequest, *, version: int, sent: int, minutes: int = 0) -> ReportManifest:
    counts: dict[str, object] = {**dict.fromkeys(MEASURES, 0), "sent": sent}
    row = {"tenant_id": "acme", "user_id": "u_1", "day": request.period.first, "timezone": "Asia/Kathmandu", **counts}
    row |= {"user_name": "Ann Ash", "user_email": "ann@acme.example"}
    site.services.usage_store.put_daily_usage(pl.DataFrame([row], schema=DAILY_USAGE), version=version)
    later = dataclasses.replace(site.services, clock=lambda: NOW + dt.timedelta(minutes=minutes))
    return report_now(request, requested_by="schedule monthly", services=later)


@pytest.mark.parametrize("width", [1440, 390])
def test_a_report_of_some_users_is_one_action(
    site: Any, open_page: Open, downloaded: Callable[..., bytes], width: int
) -> None:
    page = open_page(site.signed_in(show="view=reports&period=2026-10"), width=width)
    page.get_by_role("button", name="New report").click()
    dialog = page.get_by_role("dialog", name="New report")
    dialog.get_by_label("Period", exact=True).select_option("Last quarter" if width == 390 else "Last month")
    dialog.get_by_label("Some users").check()
    dialog.get_by_label("Search name, email or id").fill("Ødegård ase")
    dialog.get_by_role("checkbox", name="Åse Ødegård ase@acme.example", exact=True).check()
    dialog.get_by_label("By documents sent").check()
    dialog.get_by_label("PDF", exact=True).uncheck()
    dialog.get_by_label("Excel").uncheck()
    dialog.get_by_label("CSV").check()
    dialog.get_by_label("Language").select_option("Deutsch (Schweiz)")
    dialog.get_by_role("button", name="Order report").click()
    expect(page.get_by_role("button", name="New report")).to_be_focused()
    period = "Q3 2026" if width == 390 else "September 2026"  # until it stands there, another one is first
    row = page.locator(".report").filter(has_text=period).filter(has_text="Åse Ødegård")
    expect(row).to_contain_text("Åse Ødegård · cohort basis · Deutsch (Schweiz)")
    expect(row).to_contain_text("by you")
    files = row.get_by_role("button", name="Download CSV")
    assert downloaded(page, files.click, suffix=".csv").startswith(b"\xef\xbb\xbf")
    report = site.get("reports")["rows"][0]
    assert report["filters"] == {"user_ids": ["u_6"], "basis": "cohort", "all_users": False}
    assert report["locale"] == "de-CH"
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_an_order_without_files_or_users_says_what_is_missing(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=reports"))
    page.get_by_role("button", name="New report").click()
    for name in ("PDF", "Excel"):
        page.get_by_label(name, exact=True).uncheck()
    page.get_by_role("button", name="Order report").click()
    expect(page.locator(".field-problem")).to_have_text("Choose at least one kind of file.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="New report")).to_be_focused()


def test_days_of_an_order_may_be_named_in_either_order_and_not_be_missing(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=reports&dialog=order"))
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Period", exact=True).select_option("Custom")
    first, last, order = (
        dialog.get_by_label("From", exact=True),
        dialog.get_by_label("To", exact=True),
        dialog.get_by_role("button", name="Order"),
    )
    first.fill("")
    order.click()
    expect(first).to_be_focused()
    first.fill("2026-10-12")
    last.fill("2026-10-03")
    order.click()
    expect(page.locator("#notices")).to_contain_text("The report is ordered.")
    assert ("2026-10-03", "2026-10-12") in [(row["from"], row["to"]) for row in site.get("reports")["rows"]]


def test_a_version_says_what_changed_and_what_is_gone(site: Any, open_page: Open) -> None:
    request = ReportRequest("acme", parse_period("2026-06"), ("xlsx", "csv"))
    make(site, request, version=1, sent=3)
    second = make(site, request, version=2, sent=1045)
    gone = next(file.key for file in second.files if file.format == "csv")
    site.services.objects.delete([gone])
    page = open_page(site.signed_in(show=f"view=reports&report={second.key.report_id}"))
    row = page.locator(".report", has_text="June 2026")
    expect(row.get_by_role("button", name="Download Excel: June 2026")).to_be_visible()
    expect(row.get_by_role("button", name="Download CSV: June 2026")).to_have_count(0)
    expect(row.locator(".outcome")).to_contain_text("CSV: no longer stored")
    expect(row).to_contain_text("by the schedule monthly")
    expect(row.locator(".about")).to_contain_text("Changed since 17 Oct 2026, 18:20: Sent 3 → 1,045")
    versions = row.get_by_role("listitem")
    expect(versions.first).to_contain_text("Sent 3 → 1,045")
    what_changed = versions.first.get_by_role("button", name="What changed: 17 Oct 2026")
    edges = [each.evaluate(EDGE) for each in (what_changed, versions.first)]
    assert edges[0] == edges[1]
    what_changed.click()
    assert page.url.endswith("&changes=2")
    page.reload()
    expect(versions.first.locator("table").nth(1)).to_contain_text("1 Jun 2026")
    expect(versions.first.locator("table").nth(2)).to_contain_text("Ann Ash")
    seconds = versions.first.locator("thead th:nth-child(2)").evaluate_all(f"cells => cells.map({EDGE})")
    assert len({round(edge) for edge in seconds}) == 1, seconds  # of all three tables
    expect(versions.nth(1).get_by_role("button", name="Download CSV, version 1")).to_be_visible()
    row.get_by_role("button", name="Make again: June 2026").click()
    expect(row.get_by_role("button", name="Download CSV: June 2026")).to_be_visible()
    expect(row).to_contain_text("Version 3")


def test_formats_of_a_period_are_one_row_with_one_history(site: Any, open_page: Open) -> None:
    """An Excel file that was made after a CSV file says what changed since, and that the CSV file is older."""
    first = make(site, ReportRequest("acme", parse_period("2026-03"), ("csv",)), version=1, sent=3)
    second = make(site, ReportRequest("acme", parse_period("2026-03"), ("xlsx",)), version=2, sent=5, minutes=1)
    page = open_page(site.signed_in(show=f"view=reports&report={first.key.report_id}&changes=2"))
    row = page.locator(".report", has_text="March 2026")
    expect(row).to_have_count(1)
    expect(row.locator(".about")).to_contain_text("Sent 3 → 5")
    expect(row.locator(".outcome")).to_contain_text("CSV: older figures")
    expect(row.get_by_role("button", name="Download Excel: March 2026")).to_be_visible()
    history = row.locator(".versions > li")
    expect(history).to_have_count(2)
    expect(history.first.locator("table").nth(1)).to_contain_text("1 Mar 2026")
    row.get_by_role("button", name="Bring up to date: CSV, March 2026").click()
    expect(row.locator(".outcome")).not_to_contain_text("older figures")
    expect(row.get_by_role("button", name="Download CSV: March 2026")).to_be_visible()
    assert first.key.report_id != second.key.report_id


def test_a_failed_report_says_why_and_can_be_tried_again(site: Any, open_page: Open) -> None:
    request = ReportRequest("acme", parse_period("2026-05"), ("csv",))
    reports, now = site.services.stores.reports, site.services.clock()
    claim = reports.claim(request, version=1, requested_by="u_1", now=now)
    reason = FailureReason(FailureCode.TOO_SLOW, {"format": "XLSX", "limit": 60})
    reports.fail(claim.key, ReportFailure.of(reason, failed_at=now))
    page = open_page(site.signed_in(show="view=reports"))
    row = page.locator(".report", has_text="May 2026")
    expect(row).to_contain_text("Failed The Excel file took more than 60 seconds to make.")
    row.get_by_role("button", name="Try again: May 2026").press("Enter")
    expect(row.get_by_role("button", name="Download CSV: May 2026")).to_be_visible()
    assert page.evaluate("document.activeElement.closest('.report') !== null")


def test_older_reports_come_on_demand(site: Any, open_page: Open) -> None:
    reports, now = site.services.stores.reports, site.services.clock()
    for month in range(1, 13):
        for users in (None, ("u_1",)):
            request = ReportRequest("acme", parse_period(f"2020-{month:02}"), ("csv",), users)
            claim = reports.claim(request, version=1, requested_by="u_1", now=now - dt.timedelta(days=month))
            reports.fail(claim.key, ReportFailure("too old", now))
    page = open_page(site.signed_in(show="view=reports"))
    expect(page.locator(".report")).to_have_count(15)
    page.get_by_role("button", name="Show more reports").press("Enter")
    expect(page.locator(".report").nth(20)).to_be_visible()
    names = page.locator(".report button").evaluate_all("all => all.map(one => one.ariaLabel ?? one.textContent)")
    assert len(names) == len(set(names))  # one name a control


def test_a_report_is_deleted_once_that_is_confirmed(site: Any, open_page: Open) -> None:
    made = make(site, ReportRequest("acme", parse_period("2026-04"), ("csv",)), version=1, sent=3)
    page = open_page(site.signed_in(show=f"view=reports&report={made.key.report_id}"))
    row = page.locator(".report", has_text="April 2026")
    delete = row.get_by_role("button", name="Delete: April 2026")
    delete.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(delete).to_be_focused()
    delete.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(row).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="is deleted")).to_be_visible()
    assert page.evaluate("document.activeElement !== document.body")
    assert made.key.report_id not in [report["report_id"] for report in site.get("reports")["rows"]]


def test_a_report_in_another_language_stays_one_row(site: Any, open_page: Open) -> None:
    request = ReportRequest("acme", parse_period("2026-02"), ("csv",), locale="de")
    reports, now = site.services.stores.reports, site.services.clock()
    claim = reports.claim(request, version=1, requested_by="schedule Vorstand", now=now)
    reports.fail(claim.key, ReportFailure("so it was said before there were codes", now))
    unwritten = reports.claim(dataclasses.replace(request, locale="tlh"), version=1, requested_by="u_1", now=now)
    reports.fail(unwritten.key, ReportFailure("klingon", now))
    page = open_page(site.signed_in(show="view=reports"))
    expect(page.locator(".report", has_text="February 2026").filter(has_text="klingon")).to_contain_text(
        "English (tlh)"
    )
    row = page.locator(".report", has_text="February 2026").filter(has_text="Deutsch")
    expect(row).to_contain_text("Failed so it was said before there were codes")
    row.get_by_role("button", name="Try again: February 2026").click()
    expect(row.get_by_role("button", name="Download CSV: February 2026, Deutsch")).to_be_visible()
    expect(row).to_have_count(1)


def test_the_overview_says_what_changed_since_the_newest_report(site: Any, open_page: Open) -> None:
    """And makes it again where that is needed to compare; after that, it leads to what changed."""
    request = ReportRequest("acme", parse_period("2026-01"), ("csv",))
    make(site, request, version=1, sent=3)
    page = open_page(site.signed_in(show="period=2026-01"))
    expect(page.locator("#headlines")).to_contain_text("3")
    make(site, request, version=2, sent=3, minutes=1)
    row = {"tenant_id": "acme", "user_id": "u_1", "day": request.period.first, "timezone": "Asia/Kathmandu"}
    figures = {**dict.fromkeys(MEASURES, 0), "sent": 5, "user_name": "Ann Ash", "user_email": None}
    site.services.usage_store.put_daily_usage(pl.DataFrame([row | figures], schema=DAILY_USAGE), version=3)
    expect(page.locator("#changed")).to_be_hidden()
    page.get_by_role("button", name="Refresh").click()
    changed = page.locator("#changed")
    expect(changed).to_contain_text("These figures differ from the report of 17 Oct 2026, 18:20: Sent 3 → 5.")
    changed.get_by_role("button", name="Make the report again and see what changed").click()
    expect(page.locator(".changes table").nth(1)).to_contain_text("1 Jan 2026")
    page.goto(site.signed_in(show="period=2026-01"))
    changed.get_by_role("link", name="What changed").click()
    expect(page.locator(".changes table").nth(1)).to_contain_text("1 Jan 2026")
