"""The tenant's settings and its audit trail on the page."""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

Open = Callable[..., Page]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="#c00"/></svg>'


@pytest.mark.parametrize("width", [1440, 390])
def test_a_change_of_zone_says_what_it_recounts(site: Any, open_page: Open, width: int) -> None:
    page = open_page(site.signed_in(show="view=settings"), width=width)
    page.get_by_label("Name", exact=True).fill("Acme Holding")
    page.get_by_label("Time zone", exact=True).fill("sao paul")
    expect(page.locator(".suggestions")).to_have_text("America/Sao_Paulo")
    page.get_by_label("Time zone", exact=True).fill("Berlin")
    expect(page.locator(".suggestions button")).to_have_text(["Europe/Berlin"])
    page.get_by_label("First day of the week").select_option("Sunday")
    page.get_by_label("Separator in CSV files").select_option("Semicolons")
    expect(page.locator(".recount")).to_contain_text("Every day is counted again, from midnight to midnight in Europe")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_contain_text("figures are provisional")
    expect(page.locator("#brand")).to_have_text("Acme Holding")
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_focused()
    profile = site.get("profile")
    assert (profile["timezone"], profile["week_starts_on"], profile["csv"]) == ("Europe/Berlin", "sunday", "semicolon")
    page.get_by_role("link", name="Overview").click()
    expect(page.locator("#dates")).to_contain_text("Europe/Berlin")


def test_a_logo_is_seen_before_it_is_saved(site: Any, open_page: Open, tmp_path: Path) -> None:
    picture = tmp_path / "logo.svg"
    picture.write_bytes(SVG)
    page = open_page(site.signed_in(show="view=settings"))
    page.get_by_label("Logo", exact=True).set_input_files(picture)
    expect(page.get_by_alt_text("The logo")).to_have_attribute("src", re.compile(base64.b64encode(SVG).decode()[:40]))
    page.get_by_label("Your own colour").fill("#c00000")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#brand img")).to_have_attribute("src", re.compile("^data:image/png"))
    expect(page.get_by_label("Your own:")).to_be_checked()
    page.get_by_role("button", name="Remove the logo").click()
    page.get_by_label("The default blue").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#brand")).to_have_text("Acme & Söhne")
    assert site.get("profile")["branding"] == {"logo": None, "accent": None}


def test_another_language_is_spoken_at_once(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=settings"))
    page.get_by_label("Language and country").select_option("de-CH")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("h1:visible")).to_have_text("Einstellungen")


def test_what_is_wrong_is_said_and_nothing_is_lost(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=settings"), complains=True)
    page.get_by_label("Name", exact=True).fill("New name")
    page.get_by_label("Time zone", exact=True).fill("Mars/Olympus")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".field-problem")).to_have_text(
        "There is no time zone “Mars/Olympus”. Choose a city near you from the list."
    )
    expect(page.get_by_label("Time zone", exact=True)).to_be_focused()
    expect(page.locator("#notices")).to_be_empty()
    expect(page.get_by_label("Name", exact=True)).to_have_value("New name")
    site.services.stores.tenants.edit("acme", lambda profile: profile.model_copy(update={"csv": "comma"}))
    page.get_by_label("Time zone", exact=True).fill("Asia/Kathmandu")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#notices [role=alert]")).to_contain_text("Somebody else has changed it in the meantime.")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_label("Separator in CSV files")).to_have_value("comma")


def test_the_activity_says_who_downloaded_what(site: Any, open_page: Open, downloaded: Callable[..., bytes]) -> None:
    page = open_page(site.signed_in(show="period=2026-09"))
    downloaded(page, page.get_by_role("button", name="CSV", exact=True).click, suffix=".csv")
    page.get_by_role("link", name="Activity").click()
    row = page.locator("#activity tbody tr", has_text="Downloaded a file")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Ann Ash")
    expect(row).to_contain_text("CSV · Version 1")
    expect(row).to_contain_text("127.0.0.1")
    page.locator("#activity-action").select_option("Ordered a report")
    expect(page.locator("#activity tbody tr")).to_have_count(1)
    assert "action=report.ordered" in page.url
    expect(page.locator("#activity tbody tr")).to_contain_text("Ordered a report September 2026")
    page.locator("#activity a").click()
    details = page.locator(".unfolded:visible")
    expect(details).to_contain_text("Who ordered and downloaded it")
    expect(details.locator(".done li")).to_have_count(2)


def test_a_member_has_neither(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in("u_3", role="member", show="view=schedules&dialog=new"))
    expect(page.get_by_role("link", name="Overview")).to_have_attribute("aria-current", "page")
    page.wait_for_function("() => !location.hash.includes('dialog')")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name="Settings")).to_have_count(0)
