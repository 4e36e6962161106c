"""Digests to channels and programs: through the ledger, once each, deferred and given up like emails."""

import dataclasses
import datetime as dt
import json
from typing import Any, get_args

import pytest

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.corrections import Told
from signtally.domain.deliveries import MailDelivery, MailState
from signtally.domain.destinations import Destination, DestinationKind, new_secret
from signtally.domain.schedules import occurrence_of
from signtally.memory.webhooks import MemoryWebhooks
from signtally.render.channels import channel_body
from signtally.render.email import LINK_LABELS, DigestContext
from signtally.use_cases.delivering import deliveries_of, occurrence_by_hand
from signtally.use_cases.delivering.digest_messages import digest_at_once
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.sending_by_hand import preview_post, send_now
from tests.support.digest_portal import DUE, MONTHLY, OCTOBER, Portal, acme, portal, usage
from tests.support.report_samples import nasty_snapshot, snapshot

BOARD = Destination(name="Board", kind="slack", url="https://hooks.slack.example/T1/secret")
TEAM = Destination(name="board", kind="teams", url="https://acme.webhook.office.example/w/secret")
CRM = Destination(name="crm", kind="webhook", url="https://crm.example/hook", secret=new_secret())
POSTED = MONTHLY.model_copy(update={"recipients": (), "destinations": (BOARD, TEAM, CRM)})


def posting(schedule: Any = POSTED) -> tuple[Portal, MemoryWebhooks]:
    acmes = portal()
    acmes.store(acme(schedule).model_copy(update={"name": "Acme & <!channel> *Sons*"}))
    acmes.services.usage_store.put_daily_usage(usage(41), version=1)
    assert isinstance(acmes.services.webhooks, MemoryWebhooks)
    return acmes, acmes.services.webhooks


def states(acmes: Portal) -> dict[str, str]:
    rows = deliveries_of("acme", POSTED.name, services=acmes.services)
    return {row.delivery.email: str(row.delivery.state) for row in rows}


def test_each_destination_is_posted_to_once_and_stands_in_the_ledger() -> None:
    acmes, webhooks = posting()
    assert run_digests(services=acmes.services).sent == 3
    assert run_digests(services=acmes.services).due == 0
    assert [(each.url, each.secret) for each in webhooks.posted] == [
        (each.url, each.secret) for each in (BOARD, TEAM, CRM)
    ]
    assert states(acmes) == {"slack:Board": "sent", "teams:board": "sent", "webhook:crm": "sent"}
    assert acmes.mailer.sent == []


def test_a_busy_receiver_gets_it_later_with_the_same_id_and_keeps_nobody_waiting() -> None:
    acmes, webhooks = posting()
    webhooks.busy, webhooks.refusing = frozenset({"crm.example"}), frozenset({"hooks.slack.example"})
    outcome = run_digests(services=acmes.services)
    assert (outcome.sent, list(outcome.deferred), list(outcome.refused)) == (
        1,
        ["acme / Monthly usage / 2026-10 / webhook:crm"],
        ["acme / Monthly usage / 2026-10 / slack:Board"],
    )
    october = occurrence_by_hand(acme(POSTED), POSTED, period=None, now=DUE)
    expected = digest_at_once(october, services=acmes.services).to_destination(CRM).id
    acmes.clock.now += dt.timedelta(minutes=15)
    webhooks.busy = frozenset()
    assert run_digests(services=acmes.services).sent == 1
    assert (webhooks.posted[-1].id, webhooks.posted[-1].url) == (expected, CRM.url)
    assert states(acmes) == {"slack:Board": "refused", "teams:board": "sent", "webhook:crm": "sent"}


def test_a_busy_receiver_is_left_alone_for_as_long_as_it_asks() -> None:
    """Longer than we would wait ourselves, and up to a day; not for ever."""
    acmes, webhooks = posting(POSTED.model_copy(update={"destinations": (CRM,)}))
    webhooks.busy, webhooks.retry_after = frozenset({"crm.example"}), dt.timedelta(hours=7)
    tried = []
    for run in range(4 * 40):
        outcome = run_digests(services=acmes.services)
        tried += [run / 4] if outcome.deferred or outcome.gave_up else []
        acmes.clock.now += dt.timedelta(minutes=15)
    assert tried == [0, 7, 14, 21, 28]
    assert states(acmes) == {"webhook:crm": "gave_up"}


def test_who_says_that_an_address_is_gone_is_called_no_more_until_that_is_lifted() -> None:
    """In any schedule that names it; not where the label stands for another address."""
    weekly = POSTED.model_copy(update={"name": "Weekly", "every": "week", "destinations": (CRM,)})
    other = CRM.model_copy(update={"url": "https://new.example/hook"})
    acmes, webhooks = posting(POSTED)
    webhooks.gone = frozenset({"crm.example"})
    (why,) = run_digests(services=acmes.services).refused.values()
    assert why == "HTTP 410; nothing more is posted to this address until somebody allows it again"
    acmes.store(acme(POSTED, weekly, weekly.model_copy(update={"name": "Moved", "destinations": (other,)})))
    webhooks.gone = frozenset()
    outcome = run_digests(services=acmes.services)
    assert outcome.suppressed == {"acme / Weekly / 2026-W43 / webhook:crm": "gone on 2026-11-01: HTTP 410"}
    assert (outcome.sent, webhooks.posted[-1].url) == (1, other.url)
    assert "crm.example" not in str([each.key for each in acmes.objects.list_objects("suppressions/")])
    assert acmes.services.stores.suppressions.lift("acme", "Webhook:CRM")
    acmes.clock.now = dt.datetime(2026, 12, 1, 7, tzinfo=dt.UTC)
    assert run_digests(services=acmes.services).suppressed == {}
    assert CRM.url in {each.url for each in webhooks.posted}


def test_a_destination_that_is_gone_meanwhile_is_given_up() -> None:
    acmes, webhooks = posting()
    webhooks.busy = frozenset({"crm.example"})
    run_digests(services=acmes.services)
    acmes.store(acme(POSTED.model_copy(update={"destinations": (BOARD,)})))
    acmes.clock.now += dt.timedelta(minutes=15)
    assert list(run_digests(services=acmes.services).gave_up) == ["acme / Monthly usage / 2026-10 / webhook:crm"]


def test_by_hand_a_destination_gets_it_again_and_nobody_else_does() -> None:
    acmes, webhooks = posting(POSTED.model_copy(update={"recipients": MONTHLY.recipients}))
    assert run_digests(services=acmes.services).sent == 5
    october = occurrence_by_hand(acme(POSTED), POSTED, period=None, now=DUE)
    asked: dict[str, Any] = {"destinations": [BOARD], "again": True, "makes_report": True}
    sent = send_now(october, services=acmes.services, requested_by="u_1", **asked)
    assert [(each.email, str(each.state)) for each in sent.deliveries] == [("slack:Board", "sent")]
    assert (len(webhooks.posted), len(acmes.mailer.sent)) == (4, 2)


def test_by_hand_what_was_refused_is_tried_again_and_what_may_have_been_taken_is_not() -> None:
    """An address is corrected under the same name, and a mailbox is made: both get it, and nobody twice."""
    mends = POSTED.model_copy(update={"recipients": MONTHLY.recipients})
    acmes, webhooks = posting(mends)
    webhooks.refusing, acmes.mailer.refused = frozenset({"crm.example"}), frozenset({"ann@acme.example"})
    assert run_digests(services=acmes.services).sent == 3
    in_doubt = MailDelivery("slack:Board", MailState.IN_DOUBT, DUE)
    acmes.services.stores.mail_deliveries.record(OCTOBER, in_doubt)
    acmes.mailer.refused = frozenset()
    moved = CRM.model_copy(update={"url": "https://new.example/hook"})
    mended = mends.model_copy(update={"destinations": (BOARD, TEAM, moved)})
    october = occurrence_by_hand(acme(mended), mended, period=None, now=DUE)
    for _ in range(2):
        send_now(october, services=acmes.services, requested_by="u_1", makes_report=True)
        assert states(acmes) == {
            "ann@acme.example": "sent",
            "bo@acme.example": "sent",
            "slack:Board": "in_doubt",
            "teams:board": "sent",
            "webhook:crm": "sent",
        }
        assert sorted(acmes.addresses()) == ["ann@acme.example", "bo@acme.example"]
        assert [each.url for each in webhooks.posted] == [BOARD.url, TEAM.url, moved.url]


def bodies(**changes: Any) -> dict[DestinationKind, Any]:
    acmes, _ = posting()
    tenant = acmes.services.stores.tenants.get("acme").model_copy(update=changes)
    october = occurrence_of(tenant, POSTED, occurrence_by_hand(tenant, POSTED, period=None, now=DUE).period)
    digest = digest_at_once(october, services=acmes.services, is_complete=False)
    return {each.kind: json.loads(digest.to_destination(each).body) for each in POSTED.destinations}


def test_slack_takes_text_in_which_no_name_can_mention_anybody() -> None:
    text = bodies()["slack"].pop("text")
    assert text.splitlines()[0] == "*Acme &amp; &lt;!channel&gt; ∗Sons∗: usage for October 2026*"
    assert "Incomplete: not all documents" in text.splitlines()[1]
    assert "Documents sent: *41" in text
    assert "<https://reports.example/v1/reports/2026-10-" in text
    assert "|Download CSV>" in text


def test_teams_takes_a_message_with_one_card_and_no_markdown() -> None:
    message = bodies()["teams"]
    (attachment,) = message["attachments"]
    assert (message["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    card = attachment["content"]
    assert card["type"] == "AdaptiveCard"
    assert {part["type"] for part in card["body"]} == {"RichTextBlock", "FactSet"}
    assert card["body"][0]["inlines"][0]["text"] == "Acme & <!channel> *Sons*: usage for October 2026"
    assert [action["title"] for action in card["actions"]] == ["Download CSV", "Open the Usage Reports page"]


@pytest.mark.parametrize(
    ("begins", "said"), [(None, "There are no data yet."), (dt.date(2026, 9, 3), "No user activity")]
)
def test_channels_tell_a_period_without_activity_or_data_as_emails_do(begins: dt.date | None, said: str) -> None:
    """Not as noughts."""
    empty = dataclasses.replace(snapshot(), first_data_day=begins)
    context = DigestContext(schedule_name="m", sender="r@signtally.example", links={}, page_url="https://r.example")
    slack, teams = (json.loads(channel_body(empty, context=context, kind=kind)) for kind in ("slack", "teams"))
    assert said in slack["text"]
    assert "Documents sent" not in slack["text"]
    card = teams["attachments"][0]["content"]["body"]
    assert {part["type"] for part in card} == {"RichTextBlock"}
    assert any(said in part["inlines"][0]["text"] for part in card)


def test_the_largest_post_is_one_that_every_receiver_takes() -> None:
    """Slack cuts off text of more than 40,000 characters; Teams takes 28 KB, Standard Webhooks recommend 20 KB."""
    context = DigestContext(
        schedule_name="\N{PILE OF POO}" * 200,
        sender="r@signtally.example",
        links={name: f"https://reports.example/v1/reports/{'r' * 300}/files/{name}" for name in LINK_LABELS},
        page_url=f"https://reports.example/{'p' * 300}",
        is_complete=False,
        replaces=Told(Counts(*[10**9] * len(MEASURES)), DUE, is_complete=False),
    )
    for kind in get_args(DestinationKind):
        body = channel_body(nasty_snapshot(), context=context, kind=kind)
        assert len(body) < 12_000, kind
        assert len(json.loads(body).get("attachments", [{"content": {"actions": []}}])[0]["content"]["actions"]) <= 6


def test_a_program_gets_figures() -> None:
    event = bodies()["webhook"]
    assert (event["type"], event["timestamp"]) == ("usage.digest", "2026-11-01T07:00:00Z")
    data = event["data"]
    assert (data["tenant_id"], data["period"], data["complete"], data["totals"]["sent"]) == (
        "acme",
        "2026-10",
        False,
        41,
    )
    assert list(data["files"]) == ["csv"]


def test_a_preview_is_what_is_posted_and_posts_nothing() -> None:
    acmes, webhooks = posting()
    tenant = acmes.services.stores.tenants.get("acme")
    october = occurrence_by_hand(tenant, POSTED, period=None, now=DUE)
    shown = preview_post(october, BOARD, services=acmes.services)
    assert webhooks.posted == []
    send_now(october, services=acmes.services, requested_by="u_1", destinations=[BOARD], makes_report=True)
    assert webhooks.posted[0].body == shown


def test_channels_read_it_in_their_language() -> None:
    assert "41" in bodies(locale="de")["slack"]["text"]
    assert "Nutzung" in bodies(locale="de")["slack"]["text"]


@pytest.mark.parametrize(("hosts", "state"), [("crm.example", "sent"), ("other.example", "refused")])
def test_an_installation_says_where_to(monkeypatch: pytest.MonkeyPatch, hosts: str, state: str) -> None:
    monkeypatch.setenv("SIGNTALLY_WEBHOOK_HOSTS", hosts)
    acmes, _ = posting(POSTED.model_copy(update={"destinations": (CRM,)}))
    run_digests(services=acmes.services)
    assert states(acmes) == {"webhook:crm": state}
