"""A tenant that has no figures yet: every view says so in words that are true, and none says that all is well."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

Open = Callable[..., Page]
NOTHING = "No activity in this period."


@pytest.mark.parametrize(
    ("view", "place", "words"),
    [
        ("overview", "#empty", f"{NOTHING} Figures appear once the first documents are sent."),
        ("documents", "#documents-status", "No documents in this period."),
        ("documents&status=stuck", "#documents-status", "No documents match."),
        ("users", "#users-status", NOTHING),
        ("users&who=silent", "#users-status", NOTHING),  # and not that everybody has sent something
    ],
)
def test_a_tenant_without_figures(site: Any, open_page: Open, view: str, place: str, words: str) -> None:
    page = open_page(f"{site.url}/#token={site.token(tenant_id='newco')}&view={view}")
    expect(page.locator(place)).to_have_text(words)
    expect(page.locator("tfoot")).to_have_count(0)


def test_a_rate_of_nothing_says_so(site: Any, open_page: Open) -> None:
    page = open_page(f"{site.url}/#token={site.token(tenant_id='newco')}")
    expect(page.locator("#insights .card").first).to_contain_text("no documents sent")
