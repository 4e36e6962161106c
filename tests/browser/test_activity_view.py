"""The audit trail on the page, of a tenant of its own."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from signtally.domain.audit import AuditAction, AuditEntry
from signtally.domain.tenants import TenantProfile
from tests.browser.conftest import NOW

Open = Callable[..., Page]
ENTRIES = 70  # more than a page
CHANGED = {"locale": "en-GB → de-DE"}


@pytest.fixture(autouse=True)
def _entries(site: Any) -> None:
    site.services.stores.tenants.put(TenantProfile(tenant_id="audited", name="Audited"))
    if site.services.stores.audit.page("audited", limit=1).entries:
        return
    for minutes in range(ENTRIES):
        at = NOW - dt.timedelta(minutes=minutes)
        entry = AuditEntry(at, "u_1", "tenant_admin", AuditAction.PROFILE_CHANGED, "", CHANGED)
        site.services.stores.audit.add("audited", entry)


def test_each_entry_comes_once_however_often_more_is_pressed(site: Any, open_page: Open) -> None:
    page = open_page(f"{site.url}/#token={site.token(tenant_id='audited')}&view=activity")
    page.locator("#activity-more").dblclick()
    expect(page.locator("#activity-more")).to_be_hidden()
    expect(page.locator("#activity tbody tr")).to_have_count(ENTRIES)
    expect(page.locator("#activity tbody th").nth(ENTRIES - 20)).to_be_focused()


def test_an_order_names_its_formats_and_a_change_reads_as_the_language_writes_it(site: Any, open_page: Open) -> None:
    site.services.stores.tenants.put(TenantProfile(tenant_id="francais", name="Français", locale="fr-FR"))
    entries = [
        (AuditAction.REPORT_ORDERED, "2026-09-3f2a91c07b1e", {"period": "2026-09", "formats": "pdf, xlsx"}),
        (AuditAction.PROFILE_CHANGED, "", {"name": "Vieux → Français"}),
    ]
    for action, subject, detail in entries:
        entry = AuditEntry(NOW, "u_1", "tenant_admin", action, subject, detail)
        site.services.stores.audit.add("francais", entry)
    page = open_page(f"{site.url}/#token={site.token(tenant_id='francais')}&view=activity")
    rows = page.locator("#activity tbody tr")
    expect(rows.filter(has_text="Rapport demandé Septembre 2026")).to_contain_text("PDF, Excel #7b1e")
    expect(rows.filter(has_text="Paramètres modifiés")).to_contain_text("Nom\u00a0: Vieux → Français")
