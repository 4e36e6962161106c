"""An Arabic page: what consists of Latin and Chinese names runs from the right all the same."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from signtally.domain.audit import AuditAction, AuditEntry
from signtally.domain.tenants import TenantProfile
from tests.browser.conftest import NOW

Open = Callable[..., Page]
TO = [{"email": f"{name}@right.example"} for name in ("ann", "bob", "cy")]
SCHEDULES = [{"name": name, "every": "month", "recipients": TO} for name in ("Board", "Finance")]
CHANGED = {"name": "青空商事 → 東風物流", "locale": "en-GB → de-DE"}
# Where each part of a text begins on the screen: [[part, left]], in the order of the text.
LEFT_EDGES = """(element, parts) => parts.map((part) => {
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (!texts.nextNode().data.includes(part));
  const range = document.createRange();
  range.setStart(texts.currentNode, texts.currentNode.data.indexOf(part));
  range.setEnd(texts.currentNode, texts.currentNode.data.indexOf(part) + part.length);
  return range.getBoundingClientRect().left;
})"""


@pytest.fixture(autouse=True)
def _an_arabic_tenant(site: Any) -> None:
    profile = {"tenant_id": "right", "name": "Right", "locale": "ar", "schedules": SCHEDULES}
    site.services.stores.tenants.put(TenantProfile.model_validate(profile))
    entry = AuditEntry(NOW, "u_1", "tenant_admin", AuditAction.PROFILE_CHANGED, "", CHANGED)
    site.services.stores.audit.add("right", entry)


def runs_leftward(said: Locator, *parts: str) -> bool:
    """Whether each of the parts stands to the left of the one before."""
    edges = said.first.evaluate(LEFT_EDGES, parts)
    return bool(edges == sorted(edges, reverse=True))


def test_an_old_value_stands_before_the_new_one(site: Any, open_page: Open) -> None:
    page = open_page(f"{site.url}/#token={site.token(tenant_id='right')}&view=activity")
    change = page.locator("#activity tbody .below")
    assert runs_leftward(change, "青空商事", "東風物流", "English (United Kingdom)", "Deutsch (Deutschland)")


def test_lists_of_names_and_addresses_begin_at_the_right(site: Any, open_page: Open) -> None:
    page = open_page(f"{site.url}/#token={site.token(tenant_id='right')}&view=schedules")
    assert runs_leftward(page.locator(".schedule .note"), "PDF", "ann@right.example", "bob@right.example")
    assert runs_leftward(page.locator("#readers li"), "ann@right.example", "Board", "Finance")
