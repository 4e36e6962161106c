"""Destinations over the API: secrets are shown once, addresses never whole, and what is read can be written back."""

from collections.abc import Callable
from typing import Any

import pytest

Check = Callable[..., dict[str, Any]]
SLACK = {"name": "board", "kind": "slack", "url": "https://hooks.slack.example/services/T1/B2/sesame"}
CRM = {"name": "crm", "kind": "webhook", "url": "https://crm.example/hook/sesame"}
POSTED = {"every": "month", "formats": ["csv"], "destinations": [SLACK, CRM]}
WHERE = "/v1/schedules/Posted"


def test_a_secret_is_shown_once_and_an_edit_of_what_was_read_keeps_it(admin: Any, world: Any) -> None:
    made = admin.put(WHERE, json=POSTED).json()
    board, crm = made["destinations"]
    assert board == {"name": "board", "kind": "slack", "url": "https://hooks.slack.example/…", "secret": None}
    assert crm["secret"].startswith("whsec_")
    read = admin.get(WHERE)
    assert "sesame" not in read.text
    assert [each["secret"] for each in read.json()["destinations"]] == [None, None]
    changed = admin.put(WHERE, json=read.json() | {"at": "09:00"})
    assert (changed.status_code, changed.json()["destinations"]) == (200, read.json()["destinations"])
    stored = world.services.stores.tenants.get("acme").schedules[0].destinations
    assert [(each.url, each.secret) for each in stored] == [(SLACK["url"], None), (CRM["url"], crm["secret"])]
    moved = admin.put(WHERE, json=POSTED | {"destinations": [CRM | {"url": "https://crm.example/new"}]}).json()
    assert moved["destinations"][0]["secret"] is None
    again = admin.put(WHERE, json=POSTED | {"destinations": [CRM | {"secret": crm["secret"][:-4] + "AAA="}]}).json()
    assert again["destinations"][0]["secret"].endswith("AAA=")
    for page in ("/v1/schedules", "/v1/audit"):
        assert "sesame" not in admin.get(page).text
        assert "whsec_" not in admin.get(page).text


@pytest.mark.parametrize(
    ("destination", "location"),
    [
        (SLACK | {"url": "http://hooks.slack.example/sesame"}, "body.destinations.0.url"),
        (SLACK | {"url": "https://10.0.0.1/sesame"}, "body.destinations.0.url"),
        (SLACK | {"url": "https://localhost/sesame"}, "body.destinations.0.url"),
        (SLACK | {"url": "https://other.example/…"}, "body.destinations.0.url"),
        ({"name": "board", "kind": "slack"}, "body.destinations.0.url"),
        (SLACK | {"kind": "pager"}, "body.destinations.0.kind"),
        (CRM | {"secret": "sesame"}, "body.destinations.0.secret"),
        (SLACK | {"secret": "whsec_" + "A" * 32}, "body.destinations.0"),
        (SLACK | {"colour": "red"}, "body.destinations.0.colour"),
    ],
)
def test_what_nothing_can_be_posted_to_is_refused_by_name(
    admin: Any, problem: Check, destination: dict[str, str], location: str
) -> None:
    refused = problem(admin.put(WHERE, json=POSTED | {"destinations": [destination]}), 422, "invalid-request")
    assert refused["errors"][0]["location"] == location
    assert "sesame" not in str(refused)
    assert admin.get(WHERE).status_code == 404


def test_two_destinations_of_a_kind_have_two_names(admin: Any, problem: Check) -> None:
    twice = POSTED | {"destinations": [SLACK, SLACK | {"name": "BOARD"}]}
    assert "have one name" in problem(admin.put(WHERE, json=twice), 422, "invalid-request")["detail"]


def test_send_now_posts_to_the_destinations_it_names(admin: Any, world: Any, problem: Check) -> None:
    admin.put(WHERE, json=POSTED)
    rows = admin.post(f"{WHERE}/send-now", json={"destinations": ["crm"]}).json()["deliveries"]
    assert [(row["recipient"], row["state"], row["detail"]) for row in rows] == [("webhook:crm", "sent", "HTTP 200")]
    assert [each.url for each in world.webhooks.posted] == [CRM["url"]]
    assert len(admin.post(f"{WHERE}/send-now").json()["deliveries"]) == 2
    assert len(world.webhooks.posted) == 2
    listed = admin.get(f"{WHERE}/deliveries").json()["rows"]
    assert [row["recipient"] for row in listed] == ["slack:board", "webhook:crm"]
    admin.put(WHERE, json=POSTED | {"destinations": [SLACK, CRM, SLACK | {"kind": "teams"}]})
    for named, labels in (("board", ["slack:board", "teams:board"]), ("teams:BOARD", ["teams:board"])):
        rows = admin.post(f"{WHERE}/send-now", json={"destinations": [named]}).json()["deliveries"]
        assert [row["recipient"] for row in rows] == labels
    wrong = problem(admin.post(f"{WHERE}/send-now", json={"destinations": ["hr"]}), 422, "invalid-request")
    assert wrong["errors"][0]["location"] == "body.destinations.0"
