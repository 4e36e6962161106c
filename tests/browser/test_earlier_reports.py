"""Earlier reports on the page: what changed in a version, and files that are no longer stored."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl
from playwright.sync_api import Page, expect

from signtally.domain.actions import MEASURES
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportManifest, ReportRequest
from signtally.domain.schemas import DAILY_USAGE
from signtally.use_cases.reporting import report_now

Open = Callable[..., Page]
SEPTEMBER = ReportRequest("acme", parse_period("2026-09"), ("xlsx", "csv"))


def make(site: Any, *, version: int, sent: int) -> ReportManifest:
    counts: dict[str, object] = {**dict.fromkeys(MEASURES, 0), "sent": sent}
    row = {"tenant_id": "acme", "user_id": "u_1", "day": dt.date(2026, 9, 2), "timezone": "Asia/Kathmandu", **counts}
    row |= {"user_name": "Ann Ash", "user_email": "ann@acme.example"}
    site.services.usage_store.put_daily_usage(pl.DataFrame([row], schema=DAILY_USAGE), version=version)
    return report_now(SEPTEMBER, requested_by="ann", services=site.services)


def test_a_version_says_what_changed_and_what_is_gone(site: Any, open_page: Open) -> None:
    make(site, version=1, sent=3)
    second = make(site, version=2, sent=1045)
    gone = next(file.key for file in second.files if file.format == "csv")
    site.services.objects.delete([gone])
    page = open_page(site.signed_in())
    row = page.locator("#history tbody tr").first
    expect(row).to_contain_text("Sent 453 → 1,495")
    expect(row.get_by_role("button", name="Download Excel, version 2")).to_be_visible()
    expect(row.get_by_role("button", name="Download CSV")).to_have_count(0)
    expect(row).to_contain_text("CSV: no longer stored")
    link = open_page(f"{site.signed_in()}&report={second.key.report_id}&format=csv")  # as an email's link leads here
    expect(link.get_by_text("Download it above to make it again")).to_have_count(2)
    row.get_by_role("button", name="1 older").click()
    older = page.locator("#history tbody tr.older")
    expect(older.get_by_role("button", name="Download CSV, version 1")).to_be_visible()
    expect(older).not_to_contain_text("→")
