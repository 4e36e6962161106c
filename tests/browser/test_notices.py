"""Notices of the page: they cover nothing, and stay until they can have been read."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from signtally.domain.tenants import TenantProfile

Open = Callable[..., Page]
SEEN = """element => {
  const { top, bottom, left, width } = element.getBoundingClientRect();
  const there = [top + 2, (top + bottom) / 2, bottom - 2].map((y) => document.elementFromPoint(left + width / 2, y));
  return there.map((found) => element.contains(found));
}"""


@pytest.fixture(autouse=True)
def _schedules(site: Any) -> None:
    many = [{"name": f"s{n:02}", "every": "month", "recipients": [{"email": "ann@acme.example"}]} for n in range(20)]
    acme = site.services.stores.tenants.get("acme").model_dump(exclude_unset=True)
    site.services.stores.tenants.put(TenantProfile.model_validate(acme | {"schedules": many}))


def row(page: Page, name: str) -> Locator:
    return page.locator(f'[data-schedule="{name}"]')


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("block", ["start", "end"])
def test_what_is_worked_on_is_not_covered(site: Any, open_page: Open, width: int, block: str) -> None:
    """Wherever in the window its row stands."""
    page = open_page(site.signed_in(show="view=schedules"), width=width)
    row(page, "s09").evaluate(f"row => row.scrollIntoView({{ block: '{block}' }})")
    pause = page.get_by_role("button", name="Pause: s09")
    pause.evaluate("button => button.focus({ preventScroll: true })")
    pause.press("Enter")
    expect(page.locator("#notices")).to_contain_text("“s09” is paused.")
    resume = page.get_by_role("button", name="Resume: s09")
    expect(resume).to_be_focused()
    notice, pressed = page.locator(".notice").bounding_box(), resume.bounding_box()
    assert notice is not None
    assert pressed is not None
    assert notice["y"] >= 0  # it is seen itself
    assert notice["y"] + notice["height"] <= pressed["y"]
    assert resume.evaluate(SEEN) == [True] * 3


def test_what_was_done_goes_with_the_next_step_once_it_was_read(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules"))
    page.get_by_role("button", name="Pause: s00").wait_for()
    page.clock.install()
    page.get_by_role("button", name="Pause: s00").click()
    notice = page.locator(".notice")
    expect(notice).to_have_text("“s00” is paused.×")
    page.clock.run_for(3000)
    page.get_by_role("heading", name="Schedules").click()
    expect(notice).to_be_visible()  # nobody reads so fast
    page.clock.run_for(60_000)
    expect(notice).to_be_visible()  # nothing moves by itself below the reader's hand
    page.get_by_role("heading", name="Schedules").click()
    expect(notice).to_have_count(0)


def test_what_can_be_undone_or_failed_stays(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules"), complains=True)
    page.get_by_role("button", name="Stop emails to ann@acme.example").wait_for()
    page.clock.install()
    page.get_by_role("button", name="Stop emails to ann@acme.example").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Undo").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    words = page.locator("#notices .notice > :first-child").bounding_box()
    assert words is not None
    assert words["width"] > 300  # beside the buttons, an address would be broken in two
    page.route("**/v1/schedules/s00", lambda route: route.abort())
    page.get_by_role("button", name="Pause: s00").click()
    expect(page.locator("#notices [role=alert]")).to_contain_text("The service cannot be reached")
    page.clock.run_for(60_000)
    page.get_by_role("heading", name="Schedules").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(page.locator("#notices [role=alert]")).to_be_visible()
