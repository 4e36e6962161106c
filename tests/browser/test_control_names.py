"""What is read on a control is part of its name, in every language: who speaks to the page says what they read."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportRequest
from signtally.domain.tenants import TenantProfile
from signtally.render.translation import LANGUAGES
from signtally.stores.suppressions import Suppression, SuppressionReason
from tests.browser.conftest import NOW
from tests.browser.test_reports_view import make

Open = Callable[..., Page]
MONTHLY = {"name": "Monthly", "every": "month", "recipients": [{"email": "ann@acme.example"}]}
MISNAMED = r"""() => [...document.querySelectorAll("button[aria-label], a[aria-label]")]
  .filter((each) => each.checkVisibility() && /\p{L}/u.test(each.textContent))
  .filter((each) => !each.ariaLabel.toLowerCase().includes(each.textContent.trim().toLowerCase()))
  .map((each) => `${each.textContent}: ${each.ariaLabel}`)"""


def test_every_name_contains_what_is_read(site: Any, open_page: Open) -> None:
    stores = site.services.stores
    stores.suppressions.add("acme", Suppression("eve@acme.example", SuppressionReason.UNSUBSCRIBED, NOW))
    first = make(site, ReportRequest("acme", parse_period("2026-03"), ("csv",)), version=1, sent=3)
    make(site, ReportRequest("acme", parse_period("2026-03"), ("xlsx",)), version=2, sent=5, minutes=1)
    tenant = stores.tenants.get("acme").model_dump(exclude_unset=True) | {"schedules": [MONTHLY]}
    page = open_page("about:blank")
    for language in LANGUAGES:
        stores.tenants.put(TenantProfile.model_validate(tenant | {"locale": language}))
        page.goto(site.signed_in(show="view=schedules"))
        page.locator("#suppressions button").wait_for()
        assert (language, page.evaluate(MISNAMED)) == (language, [])
        page.evaluate(f"location.hash = 'view=reports&report={first.key.report_id}'")
        page.locator(".versions .changes").wait_for(state="attached")
        expect(page.locator(".outcome .plain")).to_have_count(3)  # of two files, and of what is older
        assert (language, page.evaluate(MISNAMED)) == (language, [])
        page.goto("about:blank")
