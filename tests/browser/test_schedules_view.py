"""Schedules on the page: made, changed, paused, looked at, sent by hand; what became of each recipient's email."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from signtally.domain.deliveries import DeliveryKey, MailDelivery, MailState
from signtally.domain.tenants import TenantProfile
from signtally.stores.suppressions import Suppression, SuppressionReason
from tests.browser.conftest import NOW
from tests.browser.test_accessibility import flaws

Open = Callable[..., Page]
MONTHLY = {
    "name": "Monthly",
    "every": "month",
    "formats": ["csv"],
    "recipients": [{"email": "ann@acme.example", "user_id": "u_1"}, {"email": "bob@acme.example"}],
}


@pytest.fixture(autouse=True)
def _a_schedule(site: Any) -> None:
    acme = site.services.stores.tenants.get("acme").model_dump(exclude_unset=True)
    site.services.stores.tenants.put(TenantProfile.model_validate(acme | {"schedules": [MONTHLY]}))


def schedule(page: Page, name: str) -> Any:
    return page.locator(f'[data-schedule="{name}"]')


@pytest.mark.parametrize("width", [1440, 390])
def test_the_board_gets_last_quarters_report_every_quarter(site: Any, open_page: Open, width: int) -> None:
    page = open_page(site.signed_in(), width=width)
    page.get_by_role("link", name="Schedules").click()
    page.get_by_role("button", name="New schedule").click()
    page.get_by_label("Name", exact=True).fill("Board")
    page.get_by_label("How often").select_option("Every quarter")
    page.get_by_label("Recipients").fill("chair@acme.example\ncfo@acme.example")
    page.get_by_role("button", name="Save", exact=True).click()
    board = schedule(page, "Board")
    expect(board).to_contain_text("Every quarter, on the first day at 07:00")
    expect(board).to_contain_text("Next: 1 Jan 2027, 07:00")
    stored = site.get("schedules/Board")
    assert (stored["every"], stored["on"]) == ("quarter", None)
    assert [each["email"] for each in stored["recipients"]] == ["chair@acme.example", "cfo@acme.example"]
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_bobs_emails_are_stopped(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules"))
    page.get_by_role("button", name="Edit: Monthly").click()
    page.get_by_label("Recipients").fill("ann@acme.example")
    page.get_by_label("How often").select_option("Every week")
    page.get_by_label("On", exact=True).select_option("Tuesday")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(schedule(page, "Monthly")).to_contain_text("Every week, on Tuesday at 07:00")
    expect(page.get_by_role("button", name="Edit: Monthly")).to_be_focused()
    stored = site.get("schedules/Monthly")
    assert stored["recipients"] == [{"email": "ann@acme.example", "user_id": "u_1"}]  # what else was known is kept


def test_all_of_bobs_emails_are_stopped_at_once(site: Any, open_page: Open) -> None:
    weekly = MONTHLY | {"name": "Weekly", "every": "week", "recipients": [{"email": "bob@acme.example"}]}
    acme = site.services.stores.tenants.get("acme").model_dump(exclude_unset=True)
    site.services.stores.tenants.put(TenantProfile.model_validate(acme | {"schedules": [MONTHLY, weekly]}))
    page = open_page(site.signed_in(show="view=schedules"))
    page.get_by_role("button", name="Stop emails to bob@acme.example").click()
    dialog = page.get_by_role("dialog", name="Stop these emails?")
    expect(dialog).to_contain_text("bob@acme.example will be removed from: Monthly, Weekly.")
    expect(dialog).to_contain_text("Nobody else gets Weekly")
    dialog.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#notices")).to_contain_text("bob@acme.example no longer gets scheduled emails.")
    expect(page.locator("#readers")).to_have_text("ann@acme.example · Monthly Stop")
    kept = {row["name"]: [each["email"] for each in row["recipients"]] for row in site.get("schedules")["rows"]}
    assert kept == {"Monthly": ["ann@acme.example"], "Weekly": []}
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#notices")).to_contain_text("bob@acme.example gets the same emails as before.")
    kept = {row["name"]: [each["email"] for each in row["recipients"]] for row in site.get("schedules")["rows"]}
    assert kept == {"Monthly": ["ann@acme.example", "bob@acme.example"], "Weekly": ["bob@acme.example"]}


def test_a_schedule_without_recipients_is_saved_knowingly(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules&dialog=edit&of=Monthly"))
    page.get_by_label("Recipients").fill("")
    save = page.get_by_role("button", name="Save", exact=True)
    save.click()
    expect(page.get_by_role("dialog")).to_contain_text("Nobody would get this report any longer.")
    save.click()
    expect(schedule(page, "Monthly")).to_contain_text("no recipients")
    expect(schedule(page, "Monthly")).to_contain_text("Nothing is sent, because it has no recipients.")
    page.get_by_role("button", name="Send now: Monthly").click()
    expect(page.get_by_role("dialog")).to_contain_text("to nobodyNothing is sent, because it has no recipients.")


@pytest.mark.parametrize("width", [390])
def test_a_condition_and_a_webhook_are_set_and_kept(site: Any, open_page: Open, width: int) -> None:
    page = open_page(site.signed_in(show="view=schedules&dialog=edit&of=Monthly"), width=width)
    page.get_by_text("More settings").click()
    page.get_by_label("When to send").select_option("Only when nothing was sent")
    page.get_by_label("Days without a document sent").fill("14")
    page.get_by_label("Attach the files").check()
    page.get_by_label("Corrected reports").select_option("After a change of 10% or more")
    page.get_by_role("button", name="Add a channel or webhook").click()
    page.get_by_label("Kind").select_option("Webhook")
    page.get_by_label("Label").fill("crm")
    page.get_by_role("textbox", name="Address").fill("https://hooks.example.com/usage")
    page.get_by_role("button", name="Save", exact=True).click()
    secret = page.get_by_role("dialog", name="The webhook’s secret").get_by_label("crm")
    expect(secret).to_have_value(re.compile("^whsec_"))
    page.get_by_role("button", name="Close").click()
    row = schedule(page, "Monthly")
    expect(row).to_contain_text("and 1 more · only when nothing was sent for 14 days")
    page.get_by_role("button", name="Edit: Monthly").click()
    page.get_by_label("Recipients").fill("ann@acme.example")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(row).to_contain_text("CSV · ann@acme.example, Webhook: crm · only when nothing was sent for 14 days")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    stored = site.services.stores.tenants.get("acme").schedules[0]
    assert (stored.attach, stored.condition.days, stored.correct_from_percent) == (True, 14, 10)
    assert (stored.destinations[0].url, len(stored.recipients)) == ("https://hooks.example.com/usage", 1)


def test_a_schedule_pauses_and_goes_on_and_is_deleted(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules"))
    page.get_by_role("button", name="Pause: Monthly").press("Enter")
    expect(schedule(page, "Monthly")).to_contain_text("Nothing is sent while it is paused.")
    expect(page.get_by_role("button", name="Resume: Monthly")).to_be_focused()  # where Pause was
    page.get_by_role("button", name="Resume: Monthly").press("Enter")
    expect(schedule(page, "Monthly")).to_contain_text("Next: 1 Nov 2026, 07:00")
    expect(page.get_by_role("button", name="Pause: Monthly")).to_be_focused()
    page.get_by_role("button", name="Delete: Monthly").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(schedule(page, "Monthly")).to_have_count(0)
    expect(page.locator("#schedules-status")).to_contain_text("No schedules yet")


def test_what_cannot_be_saved_says_why_and_keeps_what_was_written(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules"), complains=True)
    page.get_by_role("button", name="New schedule").click()
    page.get_by_label("Name", exact=True).fill("MONTHLY")
    page.get_by_label("Recipients").fill("Ann Ash <ann@acme.example>\njust a name")
    page.get_by_role("button", name="Save", exact=True).click()
    problems = page.get_by_role("dialog").locator(".field-problem")
    expect(problems).to_have_text("“just a name” is not an email address.")  # once, beside its field, and nothing else
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_empty()
    expect(page.get_by_label("Recipients")).to_be_focused()
    assert flaws(page) == []
    page.get_by_label("Recipients").fill("ann@acme.example")
    expect(problems).to_have_count(0)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(problems).to_have_text("“Monthly” already exists. Choose another name.")
    page.get_by_label("Name", exact=True).fill("Vorstand München")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(schedule(page, "Vorstand München")).to_be_visible()


def test_an_email_is_looked_at_tested_sent_and_sent_again(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules"), dark=True)
    page.get_by_role("button", name="Preview: Monthly").click()
    mail = page.get_by_role("region", name="The email")
    expect(mail).to_contain_text("Usage for September 2026")
    expect(mail.locator("h1")).to_have_css("color", "rgb(232, 236, 243)")  # as on a dark screen
    assert mail.evaluate("host => host.shadowRoot.querySelector('a[href]')") is None
    page.get_by_role("button", name="Close").click()
    assert site.get("schedules/Monthly/deliveries")["rows"] == []
    page.get_by_role("button", name="Send a test: Monthly").click()
    expect(page.get_by_label("To", exact=True).last).to_have_value("ann@acme.example")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#notices")).to_contain_text(
        "A test for September 2026 went to ann@acme.example, and to nobody else."
    )
    page.get_by_role("button", name="Send now: Monthly").click()
    dialog = page.get_by_role("dialog", name="Send now: Monthly")
    expect(dialog).to_contain_text("September 2026 · to 1 address")
    expect(dialog.get_by_role("listitem")).to_have_text(["ann@acme.example · already has it", "bob@acme.example"])
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#notices")).to_contain_text("September 2026: sent to 2 of 2 recipients.")
    page.get_by_role("button", name="Deliveries: Monthly").click()
    rows = schedule(page, "Monthly").locator(".deliveries tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="bob@acme.example")).to_contain_text("Accepted by the mail service")
    assert "schedule=Monthly" in page.url
    again = page.get_by_role("button", name="Send again: September 2026 to bob@acme.example")
    again.press("Enter")
    expect(page.locator("#notices")).to_contain_text("bob@acme.example: Accepted by the mail service")
    expect(again).to_be_focused()


def test_of_two_channels_of_one_name_the_one_that_is_meant_gets_it_again(site: Any, open_page: Open) -> None:
    """And *Send now* counts neither them nor who may have got it."""
    channels = [{"kind": kind, "name": "board", "url": f"https://{kind}.invalid/board"} for kind in ("slack", "teams")]
    acme = site.services.stores.tenants.get("acme").model_dump(exclude_unset=True)
    board = MONTHLY | {"name": "Channels", "destinations": channels}
    site.services.stores.tenants.put(TenantProfile.model_validate(acme | {"schedules": [board]}))
    channels_got = [("2026-09", "slack:board"), ("2026-09", "teams:board"), ("2026-08-04_2026-08-09", "slack:board")]
    for period, label in channels_got:
        key = DeliveryKey("acme", "Channels", period)
        site.services.stores.mail_deliveries.record(key, MailDelivery(label, MailState.SENT, NOW, "HTTP 200"))
    in_doubt = MailDelivery("ann@acme.example", MailState.IN_DOUBT, NOW)
    site.services.stores.mail_deliveries.record(DeliveryKey("acme", "Channels", "2026-09"), in_doubt)
    page = open_page(site.signed_in(show="view=schedules&dialog=send&of=Channels"))
    dialog = page.get_by_role("dialog", name="Send now: Channels")
    expect(dialog).to_contain_text("September 2026 · to 1 address")
    expect(dialog.get_by_role("listitem")).to_have_text(
        [
            "ann@acme.example · may already have it; send it again under Deliveries",
            "bob@acme.example",
            "Slack: board · already has it",
            "Teams: board · already has it",
        ]
    )
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Deliveries: Channels").click()
    with page.expect_request("**/send-now") as sent:
        page.get_by_role("button", name="Send again: September 2026 to slack:board").click()
    assert sent.value.post_data_json == {"destinations": ["slack:board"], "period": "2026-09"}
    with page.expect_request("**/send-now") as sent:
        page.get_by_role("button", name="Send again: 4–9 Aug 2026 to slack:board").click()
    assert sent.value.post_data_json == {"destinations": ["slack:board"], "period": "2026-08-04_2026-08-09"}


def test_a_dialog_is_in_the_address(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules&dialog=edit&of=Monthly"))
    dialog = page.get_by_role("dialog", name="Change the schedule")
    expect(dialog.get_by_label("Recipients")).to_have_value(re.compile("bob@acme.example"))
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).to_have_url(re.compile("#view=schedules$"))
    page.get_by_role("button", name="Send now: Monthly").click()
    expect(page.get_by_role("dialog", name="Send now: Monthly")).to_be_visible()
    expect(page).to_have_url(re.compile("#view=schedules&dialog=send&of=Monthly$"))
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Send now: Monthly")).to_be_focused()
    page.evaluate("location.hash = 'view=schedules&dialog=new'")
    expect(page.get_by_role("dialog", name="New schedule")).to_be_visible()
    page.evaluate("location.hash = 'view=overview'")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_dialog_that_takes_time_says_so_where_it_was_asked_for(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules"))
    waiting: list[Route] = []
    page.route("**/v1/schedules/Monthly/preview", lambda route: waiting.append(route))  # noqa: PLW0108 -- it marks what it is given
    asked = page.get_by_role("button", name="Preview: Monthly")
    asked.press("Enter")
    expect(asked).to_have_attribute("aria-busy", "true")
    asked.press("Enter")
    waiting.pop().continue_()
    expect(page.get_by_role("dialog", name="Preview: Monthly")).to_be_visible()
    page.keyboard.press("Escape")
    expect(asked).to_be_focused()
    expect(asked).not_to_have_attribute("aria-busy", "true")
    assert waiting == []


def test_a_dialog_about_nothing_says_so(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules&dialog=edit&of=Weekly"), complains=True)
    expect(page.get_by_role("alert")).to_contain_text("There is no schedule called 'Weekly'.")
    assert page.url.endswith("#view=schedules")


def test_a_new_schedule_replaces_nobodys(site: Any, open_page: Open) -> None:
    page = open_page(site.signed_in(show="view=schedules&dialog=new"), complains=True)
    page.get_by_label("Name", exact=True).fill("Monthly")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("dialog").locator(".field-problem")).to_contain_text("“Monthly” already exists.")
    assert len(site.get("schedules/Monthly")["recipients"]) == 2


def test_whoever_unsubscribed_is_named_and_may_get_emails_again(site: Any, open_page: Open) -> None:
    suppressions = site.services.stores.suppressions
    for email in ("bob@acme.example", "eve@acme.example"):
        suppressions.add("acme", Suppression(email, SuppressionReason.UNSUBSCRIBED, NOW))
    page = open_page(site.signed_in(show="view=schedules"))
    named = page.get_by_role("region", name="Addresses that no longer get reports")
    expect(named).to_contain_text("bob@acme.example · has unsubscribed")
    readers = page.locator("#readers li")
    expect(readers).to_have_text(
        ["ann@acme.example · Monthly Stop", "bob@acme.example · Monthly has unsubscribed Stop"]
    )
    for email in ("bob@acme.example", "eve@acme.example"):
        page.get_by_role("button", name=f"Resume sending: {email}").press("Enter")
        expect(page.locator("#notices")).to_contain_text(f"{email} gets reports again")
    expect(named).to_be_hidden()
    expect(page.get_by_role("button", name="New schedule")).to_be_focused()
    expect(readers.nth(1)).to_have_text("bob@acme.example · Monthly Stop")
    assert site.get("suppressions")["rows"] == []
    lifted = site.get("audit", action="suppression.lifted")["rows"]
    assert {row["subject"] for row in lifted} == {"eve@acme.example", "bob@acme.example"}
