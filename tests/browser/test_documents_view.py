"""The documents of a period on the page: what is open, what is stuck, whose it is."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from tests.browser.conftest import NOW

Open = Callable[..., Page]


@pytest.fixture(scope="module", autouse=True)
def _documents(shared_site: Any) -> None:
    """Sixty open documents of Ann's, one a day back, an older one of u_5's, and one of u_2's that is completed."""
    events = [_event("sent", f"doc-{days:02}", "u_1", NOW - dt.timedelta(days=days)) for days in range(60)]
    events += [_event("sent", "nameless", "u_5", NOW - dt.timedelta(days=70))]
    events += [_event(action, "done", "u_2", NOW - dt.timedelta(days=2)) for action in ("sent", "completed")]
    shared_site.services.usage_store.put_events([ReceivedEvent(event, NOW, event.id) for event in events])


def _event(action: str, document: str, user: str, at: dt.datetime) -> UsageEvent:
    return UsageEvent("/d", f"{action}-{document}", Action(action), "acme", user, document, at, None, None)


def rows(page: Page) -> list[str]:
    return page.locator("#documents tbody th").all_inner_texts()


@pytest.mark.parametrize("width", [1440, 390])
def test_what_is_stuck_comes_first_and_can_be_asked_for(site: Any, open_page: Open, width: int) -> None:
    page = open_page(site.signed_in(show="view=documents"), width=width)
    expect(page.locator("#documents tbody tr").first).to_contain_text("nameless")
    expect(page.locator("#documents tbody tr").first).to_contain_text("Stuck")
    listed = site.get("documents", period="2026-10", limit="100")["rows"]
    assert rows(page) == [row["document_id"] for row in listed[:50]]
    expect(page.locator("#documents-status")).to_have_text(f"50 of {len(listed)} documents")
    page.get_by_role("button", name="Show more documents").click()
    expect(page.locator("#documents tbody tr")).to_have_count(len(listed))
    assert rows(page) == [row["document_id"] for row in listed]
    page.get_by_text("Stuck", exact=True).first.click()
    expect(page.locator("#documents-status")).to_have_text("46 documents")  # open for 15 days or more
    assert page.url.endswith("status=stuck")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_more_is_asked_for_by_keyboard(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=documents"))
    more = page.get_by_role("button", name="Show more documents")
    more.press("Enter")
    page.keyboard.press("Enter")  # once more meanwhile
    expect(more).to_be_hidden()
    expect(page.locator("#documents tbody th").nth(50)).to_be_focused()
    assert len(rows(page)) == len({*rows(page)})


def test_a_link_leads_to_the_beginning_of_its_view(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in())
    expect(page.locator("#trend-section")).to_be_visible()
    page.locator("#insights a").press("Enter")  # far below the first screen
    expect(page.locator("#documents tbody tr").first).to_contain_text("nameless")
    expect(page.locator("#figures")).to_be_focused()
    assert page.evaluate("scrollY") == 0


def test_the_list_shown_is_downloaded_whole(site: Any, open_page: Open, downloaded: Callable[..., bytes]) -> None:
    page = open_page(site.signed_in(show="view=documents&status=stuck"))
    expect(page.locator("#documents-status")).to_have_text("46 documents")
    expect(page.get_by_role("button", name="CSV", exact=True)).to_have_count(0)  # which are users elsewhere
    pressed = page.get_by_role("button", name="Download this list (CSV)")
    lines = downloaded(page, pressed.click, suffix="documents 2026-10.csv").decode("utf-8-sig").splitlines()
    assert [line.partition(",")[0] for line in lines[1:]] == rows(page)


def test_filters_stand_in_the_address(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=documents&status=completed"))
    expect(page.locator("#documents-status")).to_contain_text("document")
    assert "done" in rows(page)
    sender = page.get_by_role("combobox", name="Sender")
    expect(sender.locator("option")).not_to_have_count(1)
    names = sender.locator("option").all_inner_texts()[1:]
    assert names[:4] == ["<b>Ann</b>", "=1+1", "Ann Ash (ann@acme.example)", "Ann Ash (other@acme.example)"]
    sender.select_option("u_1")
    expect(page.locator("#documents tbody th").filter(has_text="done")).to_have_count(0)
    assert page.url.endswith("&status=completed&user=u_1")
    page.get_by_role("radio", name="Completed").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#documents tbody th").first).to_have_text("doc-59")
    expect(page.get_by_role("radio", name="Open", exact=True)).to_be_focused()
    page.go_back()
    expect(page.get_by_role("radio", name="Completed")).to_be_checked()


def test_whose_name_is_not_known_is_an_id_that_says_so(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=documents"))
    expect(page.locator("#documents tbody tr", has_text="nameless").locator("td").nth(1)).to_have_text("ID u_5")
    expect(page.get_by_role("combobox", name="Sender").locator("option", has_text="u_5")).to_have_text("ID u_5")


def test_from_a_user_to_their_documents(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=users"))
    page.get_by_role("link", name="<b>Ann</b>").click()
    expect(page.locator("#documents tbody th")).to_have_text(["done"])
    expect(page.get_by_role("combobox", name="Sender")).to_have_value("u_2")


def test_a_member_sees_what_they_sent(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in("u_2", role="member", show="view=documents"))
    expect(page.locator("#documents tbody th")).to_have_text(["done"])
    expect(page.get_by_role("combobox", name="Sender")).to_be_hidden()
