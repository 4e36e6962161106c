"""What a schedule's dialogs say before anything is saved or sent."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from signtally.api.app import create_app
from signtally.domain.tenants import TenantProfile
from tests.browser.conftest import served

Open = Callable[..., Page]
TO_ANN: dict[str, Any] = {"recipients": [{"email": "ann@acme.example"}]}
SIZES = "fields => fields.map((field) => parseFloat(getComputedStyle(field).fontSize))"


@pytest.fixture(autouse=True)
def _schedules(site: Any) -> None:
    every = ("day", "month", "year")
    schedules: list[dict[str, Any]] = [{"name": kind, "every": kind, **TO_ANN} for kind in every]
    schedules.append({"name": "paused", "every": "month", "paused": True, **TO_ANN})
    acme = site.services.stores.tenants.get("acme").model_dump(exclude_unset=True)
    domains = {"recipient_domains": ["acme.example", "acme.test"]}
    site.services.stores.tenants.put(TenantProfile.model_validate(acme | domains | {"schedules": schedules}))


@pytest.mark.parametrize(
    ("name", "period", "warning"),
    [
        ("month", "September 2026 · to 1 address", None),
        ("day", "Friday, 16 October 2026 · to 1 address", "No activity in this period. The email will say so."),
        ("year", "Year 2025 · to 1 address", "There are no data before 30 Sept 2026. The email will say so."),
    ],
)
def test_a_period_without_activity_says_so_before_it_is_sent(
    site: Any, open_page: Open, name: str, period: str, warning: str | None
) -> None:
    page = open_page(site.signed_in(show=f"view=schedules&dialog=send&of={name}"))
    dialog = page.get_by_role("dialog", name=f"Send now: {name}")
    expect(dialog).to_contain_text(period)
    expect(dialog.locator(".caveat")).to_have_text([warning] if warning else [])
    page.keyboard.press("Escape")
    page.get_by_role("button", name=f"Send a test: {name}").click()
    expect(page.get_by_role("dialog").locator(".caveat")).to_have_text([warning] if warning else [])


def test_the_first_report_is_named_before_the_schedule_is_saved(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules&dialog=new"))
    said = page.get_by_role("dialog").get_by_role("status")
    expect(said).to_contain_text("First report: October 2026, sent on 1 Nov 2026, 07:00.")
    page.get_by_label("How often").select_option("Every quarter")
    expect(said).to_have_text(
        "Each report is about the quarter that has ended. First report: Q4 2026, sent on 1 Jan 2027, 07:00."
    )
    page.get_by_label("On", exact=True).select_option("day 15")
    page.get_by_label("At", exact=True).fill("09:30")
    page.get_by_label("Name", exact=True).fill("Board")
    expect(said).to_contain_text("First report: Q4 2026, sent on 15 Jan 2027, 09:30.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator('[data-schedule="Board"]')).to_be_visible()
    assert site.get("schedules/Board")["next_at"] == "2027-01-15T03:45:00Z"


@pytest.mark.parametrize(
    ("name", "words"),
    [("year", "Next report: Year 2026, sent on 1 Jan 2027, 07:00."), ("paused", "Nothing is sent while it is paused.")],
)
def test_an_edit_names_the_next_report(site: Any, open_page: Open, name: str, words: str) -> None:
    page = open_page(site.signed_in(show=f"view=schedules&dialog=edit&of={name}"))
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text(words)


def test_an_edit_for_nobody_promises_nothing(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules&dialog=edit&of=month"))
    said = page.get_by_role("dialog").get_by_role("status")
    nothing, something = "Nothing is sent, because it has no recipients.", "Next report: October 2026"
    expect(said).to_contain_text(something)
    page.get_by_label("Recipients").fill("")
    page.get_by_label("At", exact=True).focus()
    expect(said).to_contain_text(nothing)
    page.get_by_text("More settings").click()
    page.get_by_role("button", name="Add a channel or webhook").click()
    expect(said).to_contain_text(something)
    page.get_by_role("button", name="Remove: Slack").click()
    expect(said).to_contain_text(nothing)


def test_allowed_hosts_stand_beside_channels(site: Any, open_page: Open) -> None:
    settings = site.services.settings.model_copy(update={"webhook_hosts": ("hooks.slack.com", "acme.example")})
    services = dataclasses.replace(site.services, settings=settings)
    with served(create_app(services, loopback_only=True)) as url:
        page = open_page(f"{url}/#token={site.token()}&view=schedules&dialog=new")
        page.get_by_text("More settings").click()
        expect(page.get_by_role("group", name="Channels and webhooks")).to_contain_text(
            "or to a program of yours. Only addresses at: acme.example, hooks.slack.com."
        )


def test_allowed_domains_stand_beside_the_field(site: Any, open_page: Open) -> None:
    allowed = "Only addresses at: acme.example, acme.test."
    page = open_page(site.signed_in(show="view=schedules&dialog=new"))
    expect(page.get_by_label("Recipients")).to_have_accessible_description(f"One email address per line. {allowed}")
    page.goto(f"{site.url}/#view=schedules&dialog=test&of=month")
    to = page.get_by_role("dialog").get_by_label("To", exact=True)
    expect(to).to_have_accessible_description(f"Only this address gets it. {allowed}")


def test_no_telephone_zooms_into_a_field(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules&dialog=new"), width=390)
    page.get_by_text("More settings").click()
    fields = page.get_by_role("dialog").locator("input:visible, select:visible, textarea:visible")
    expect(fields.first).to_be_visible()
    assert {size >= 16 for size in fields.evaluate_all(SIZES)} == {True}


def test_the_button_that_a_mouse_pressed_is_the_one_that_says_so(site: Any, open_page: Open) -> None:
    """In Safari a mouse gives no button the focus."""
    page = open_page(site.signed_in(show="view=schedules"))
    waiting: list[Route] = []
    page.route("**/v1/schedules/month/preview", lambda route: waiting.append(route))  # noqa: PLW0108 -- it marks what it is given
    asked = page.get_by_role("button", name="Preview: month")
    asked.evaluate("button => button.addEventListener('mousedown', (event) => event.preventDefault())")
    page.locator("#figures").focus()
    asked.click()
    expect(asked).to_have_attribute("aria-busy", "true")
    expect(page.locator("#figures")).not_to_have_attribute("aria-busy", "true")
    waiting.pop().continue_()
    expect(page.get_by_role("dialog", name="Preview: month")).to_be_visible()
    page.keyboard.press("Escape")
    expect(asked).to_be_focused()
