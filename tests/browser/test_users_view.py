"""The page's list of users: every one can be found, under the name as it was written."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from signtally.domain.actions import MEASURES
from signtally.domain.schemas import DAILY_USAGE

Open = Callable[..., Page]


def column(page: Page, number: int = 1) -> list[str]:
    return page.locator(f"#users tbody tr > :nth-child({number})").all_inner_texts()


def test_names_appear_as_they_were_written(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=users"))
    expect(page.locator("#users tbody tr")).to_have_count(25)
    names = column(page)
    assert any(name.startswith("<b>Ann</b>") for name in names)
    assert any(name.startswith("=1+1") for name in names)
    assert "ID u_5" in names
    assert any(name.startswith("Eve nwodkcab") for name in names)  # what would turn the line around is taken out
    arabic = page.locator("#users bdi", has_text="محمد العلي")
    assert arabic.evaluate("element => getComputedStyle(element).unicodeBidi") == "isolate"
    assert page.locator("#users b").count() == 0


def test_every_user_can_be_reached(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=users"))
    expect(page.locator("#users-status")).to_have_text("1–25 of 45 users")
    expect(page.locator("#users tfoot td").first).to_have_text("3,825")
    first = column(page)
    page.get_by_role("button", name="Next").press("Enter")
    expect(page.locator("#users-status")).to_have_text("26–45 of 45 users")
    expect(page.get_by_role("button", name="Previous")).to_be_focused()  # there is no next one
    assert len(set(first) | set(column(page))) == 45
    expect(page.locator("#whose-note")).to_be_empty()
    page.get_by_label("Search users").fill("ÁNN")
    expect(page.locator("#whose-note")).to_contain_text("The downloads above include all users.")
    expect(page.locator("#users-status")).to_have_text("3 of 45 users")
    page.get_by_label("Search users").fill("odegard")
    expect(page.locator("#users tbody tr")).to_have_count(1)
    assert column(page) == ["Åse Ødegård ase@acme.example"]
    page.reload()
    expect(page.get_by_label("Search users")).to_have_value("odegard")
    expect(page.locator("#users tbody tr")).to_have_count(1)
    page.get_by_label("Search users").fill("ØDE åse")
    expect(page.locator("#users tbody tr")).to_have_count(1)
    page.get_by_label("Search users").fill("nobody at all")
    expect(page.locator("#users-status")).to_have_text("No users match your search.")


@pytest.mark.parametrize("width", [1440, 390])
def test_those_that_a_search_found_are_ordered_as_a_report(site: Any, open_page: Open, width: int) -> None:
    page = open_page(site.signed_in(show="view=users&q=ann"), width=width)
    page.get_by_role("link", name="Order a report of these users").click()
    dialog = page.get_by_role("dialog", name="New report")
    expect(dialog.get_by_role("status")).to_have_text("3 users chosen")
    expect(dialog.get_by_label("Search name, email or id")).to_have_value("ann")
    assert all(
        box.is_checked()
        for box in dialog.get_by_role("group", name="Users to choose from").get_by_role("checkbox").all()
    )
    dialog.get_by_role("button", name="Order report").click()
    expect(page.locator(".report").filter(has_text="October 2026").filter(has_text="Ann").first).to_be_visible()
    assert site.get("reports")["rows"][0]["filters"]["user_ids"] == ["u_1", "u_2", "u_7"]
    page.go_back()
    expect(page.get_by_label("Search users")).to_have_value("ann")
    page.get_by_label("Search users").fill("nobody at all")
    expect(page.locator("#whose-note").get_by_role("link")).to_have_count(0)
    page.get_by_text("Sent nothing", exact=True).click()  # of whom the period's figures may know nothing
    expect(page.locator("#whose-note").get_by_role("link")).to_have_count(0)


def test_emails_are_there_on_a_telephone(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=users&q=a"), width=390)
    expect(page.get_by_text("ann@acme.example")).to_be_visible()  # of two people with one name
    expect(page.get_by_text("other@acme.example")).to_be_visible()
    expect(page.get_by_text("ase@acme.example")).to_be_hidden()
    page.get_by_label("Show all emails").check()
    expect(page.get_by_text("ase@acme.example")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_no_email_is_cut_on_a_telephone(site: Any, open_page: Open) -> None:
    counts = dict.fromkeys(MEASURES, 0) | {"sent": 1, "user_name": "Ann Ash", "timezone": "UTC"}
    who = [{"user_id": str(number), "user_email": f"ann.ash+{number}@department.longco.example"} for number in (1, 2)]
    rows = [{"tenant_id": "longco", "day": dt.date(2026, 10, 1), **counts, **each} for each in who]
    site.services.usage_store.put_daily_usage(pl.DataFrame(rows, schema=DAILY_USAGE), version=1)
    page = open_page(f"{site.url}/#token={site.token(tenant_id='longco')}&view=users", width=390)
    expect(page.locator("#users tbody th")).to_have_count(2)
    assert page.locator("#users tbody th").evaluate_all(
        "cells => cells.map((each) => each.scrollWidth - each.clientWidth)"
    ) == [0, 0]


def test_columns_sort_both_ways(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=users"))
    header = page.get_by_role("columnheader", name="Received")
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(header.get_by_role("button")).to_be_focused()
    assert column(page, 3)[0] == "214"
    page.keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert column(page, 3)[0] == "126"


def test_who_sent_nothing_is_found_though_they_did_nothing_at_all(site: Any, open_page: Open) -> None:
    counts = dict.fromkeys(MEASURES, 0) | {"sent": 2}
    row = {"tenant_id": "acme", "user_id": "u_gone", "day": dt.date(2026, 2, 3), "timezone": "Asia/Kathmandu", **counts}
    row |= {"user_name": "Gone Gry", "user_email": None}
    site.services.usage_store.put_daily_usage(pl.DataFrame([row], schema=DAILY_USAGE), version=1)
    page = open_page(site.signed_in(show="view=users"))
    page.get_by_text("Sent nothing", exact=True).click()
    expect(page.locator("#whose-note")).to_contain_text("sent nothing in this period")
    expect(page.locator("#users tbody th")).to_have_text(["Gone Gry ID u_gone"])
    expect(page.locator("#whose-note")).to_contain_text("The downloads above include all users.")
    assert page.url.endswith("#view=users&period=2026-10&who=silent")
    page.reload()
    expect(page.get_by_role("radio", name="Sent nothing")).to_be_checked()
    expect(page.locator("#users-status")).to_have_text("1 user")


def test_a_member_sees_their_own_activity(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(user_id="u_3", role="member", show="view=users"))
    expect(page.get_by_role("link", name="Your activity")).to_have_attribute("aria-current", "page")
    expect(page.locator("#users tbody tr")).to_have_count(1)
    assert column(page) == ["=1+1 ID u_3"]
    expect(page.get_by_label("Search users")).to_be_hidden()
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(
        ["Overview", "Documents", "Your activity", "Reports"]
    )
