"""Schedules and digests by command: what is due, previews, sending by hand, and what became of emails."""

import datetime as dt
import json
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from signtally import wiring
from signtally.settings import Settings
from tests.support.commands import Command

CHOSEN = ("--tenant", "acme", "--schedule", "monthly")
PROFILE = {
    "tenant_id": "acme",
    "schedules": [
        {
            "name": "monthly",
            "every": "month",
            "formats": ["csv"],
            "recipients": [{"email": "ann@acme.example"}, {"email": "bo@acme.example"}],
        }
    ],
}


@pytest.mark.usefixtures("local_aws")
def test_digests_by_hand(signtally: Command, real_settings: Settings, tmp_path: Path) -> None:
    signtally("provision")
    stores = wiring.services(real_settings).stores
    stores.watermarks.publish_data_through(dt.datetime.now(dt.UTC))
    (tmp_path / "acme.json").write_text(json.dumps(PROFILE))
    signtally("tenants", "put", "acme.json")

    december = "2099-12-31T00:00:00Z"
    planned = signtally("schedules", "due", "--from", "2099-10-31T00:00:00Z", "--to", december, "--json").answer["due"]
    assert [(each["period"], each["due_at"]) for each in planned] == [
        ("2099-10", "2099-11-01T07:00:00Z"),
        ("2099-11", "2099-12-01T07:00:00Z"),
    ]
    for command in ("schedules", "digests"):
        assert signtally(command, "run", "--now", december).failed_with("has not come yet: add --dry-run")
        (due,) = signtally(command, "run", "--now", december, "--dry-run", "--json").answer["due"]
        assert (due["tenant_id"], due["period"]) == ("acme", "2099-11")

    shown = signtally("digests", "preview", *CHOSEN, "--period", "2026-10", "-o", "mails", "--json").answer
    assert shown["subject"] == "acme: usage for October 2026 — no data"
    saved = message_from_bytes((tmp_path / "mails" / "monthly 2026-10.eml").read_bytes(), policy=policy.default)
    assert saved["To"] == "ann@acme.example"
    assert signtally("deliveries", "list", "--json").answer == {"rows": [], "passed_over": []}

    october = (*CHOSEN, "--period", "2026-10")
    sent = signtally("digests", "send-now", *october, "--recipient", "ann@acme.example", "--json").answer
    assert [(row["recipient"], row["state"]) for row in sent["deliveries"]] == [("ann@acme.example", "sent")]
    first = sent["deliveries"][0]["detail"]
    both = signtally("digests", "send-now", *october, "--json").answer["deliveries"]
    assert [row["recipient"] for row in both] == ["ann@acme.example", "bo@acme.example"]
    assert both[0]["detail"] == first  # not sent again
    again = signtally("digests", "resend", *october, "--recipient", "ann@acme.example", "--json").answer
    assert again["deliveries"][0]["detail"] != first
    listed = signtally("deliveries", "list", "--tenant", "acme", "--json").answer
    assert [(row["schedule"], row["period"], row["recipient"]) for row in listed["rows"]] == [
        ("monthly", "2026-10", "ann@acme.example"),
        ("monthly", "2026-10", "bo@acme.example"),
    ]
    assert signtally("deliveries", "list", "--tenant", "acme", "--schedule", "MONTHLY", "--json").answer == listed
    assert signtally("deliveries", "list", "--tenant", "acme", "--schedule", "other").failed_with("it has: monthly")
    assert signtally("digests", "resend", "--tenant", "acme", "--schedule", "other").failed_with("it has: monthly")
    assert signtally("digests", "send-now", *CHOSEN, "--period", "2099").failed_with("not over yet")
    assert signtally("digests", "send-now", *CHOSEN, "--recipient", "slack:board").failed_with("it has: none")
    assert signtally("schedules", "due", "--to", "2026-10-31T00:00:00Z").failed_with("is not later than --from")


@pytest.mark.usefixtures("local_aws")
def test_a_run_with_trouble_prints_all_of_it_and_fails(signtally: Command, tmp_path: Path) -> None:
    """Nothing was ever counted, so what is due has waited for too long."""
    signtally("provision")
    (tmp_path / "acme.json").write_text(json.dumps(PROFILE))
    signtally("tenants", "put", "acme.json")
    ran = signtally("digests", "run", "--now", "2026-10-31T00:00:00Z", "--json")
    assert list(ran.answer["overdue"]) == ["acme / monthly / 2026-09"]
    assert ran.failed_with("digests: 1 overdue", "data through: nothing yet")


@pytest.mark.usefixtures("local_aws")
def test_profiles_that_ask_for_too_much_are_refused(signtally: Command, tmp_path: Path) -> None:
    many = [{"email": f"r{number}@acme.example"} for number in range(51)]
    profile = {"tenant_id": "acme", "schedules": [{"name": "m", "every": "month", "recipients": many}]}
    (tmp_path / "acme.json").write_text(json.dumps(profile))
    assert signtally("tenants", "put", "acme.json").failed_with("acme: a schedule has at most 50 recipients")
