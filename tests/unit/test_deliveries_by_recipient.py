"""One recipient is one delivery: whatever becomes of it, nobody else waits, and the ledger says what it was."""

import contextlib
import datetime as dt
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signtally.domain.deliveries import MailState
from signtally.domain.periods import parse_period
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.schedules import occurrence_of
from signtally.domain.tenants import TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.ports.errors import ServiceUnavailableError
from signtally.stores.suppressions import Suppression, SuppressionReason
from signtally.use_cases.delivering import (
    BadUnsubscribeLinkError,
    Subscription,
    all_deliveries,
    deliveries_of,
    subscription_of,
    unsubscribe,
)
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.unsubscribing import unsubscribe_url
from tests.support.digest_portal import DUE, MONTHLY, DyingMailer, acme, addressed_to, portal, states
from tests.support.examples import examples


def test_five_full_mailboxes_keep_nobody_waiting() -> None:
    full = [f"full{number}@aaa.example" for number in range(5)]
    acmes = portal(MemoryMailer(full=frozenset(full)))
    acmes.store(*(acme(addressed_to(email), tenant_id=f"aaa{number}") for number, email in enumerate(full)))
    acmes.store(acme(addressed_to("zoe@zzz.example"), tenant_id="zzz"))
    outcome = run_digests(services=acmes.services)
    assert (outcome.sent, len(outcome.deferred), outcome.pending) == (1, 5, {})
    outcome.require_all_well()  # they are tried again
    assert run_digests(services=acmes.services).due == 0


def test_who_unsubscribed_bounced_or_is_elsewhere_gets_nothing_and_the_ledger_says_why() -> None:
    acmes = portal()
    recipients = tuple(Recipient(email=email) for email in ("ann@acme.example", "bo@acme.example", "cy@other.example"))
    profile = acme(MONTHLY.model_copy(update={"recipients": (*recipients, Recipient(email="di@acme.example"))}))
    acmes.store(profile.model_copy(update={"recipient_domains": ("acme.example",)}))
    link = unsubscribe_url("acme", "ANN@acme.example", services=acmes.services)
    unsubscribe(subscription_of(link.partition("t=")[2], services=acmes.services), services=acmes.services)
    suppressions = acmes.services.stores.suppressions
    suppressions.add("acme", Suppression("bo@acme.example", SuppressionReason.BOUNCED, DUE))
    outcome = run_digests(services=acmes.services)
    assert acmes.addresses() == ["di@acme.example"]
    assert states(acmes) == {
        "ann@acme.example": "unsubscribed",
        "bo@acme.example": "suppressed",
        "cy@other.example": "refused",
        "di@acme.example": "sent",
    }
    assert "acme.example only" in outcome.refused["acme / Monthly usage / 2026-10 / cy@other.example"]


def test_a_link_to_unsubscribe_names_one_address_of_one_tenant_and_cannot_be_made_up() -> None:
    acmes, others = portal(), portal()
    token = unsubscribe_url("acme", "ann@acme.example", services=acmes.services).partition("t=")[2]
    assert subscription_of(token, services=acmes.services) == Subscription("acme", "ann@acme.example")
    for bad in ("", "x", token[:-2], token + "x"):
        with pytest.raises(BadUnsubscribeLinkError):
            subscription_of(bad, services=acmes.services)
    with pytest.raises(BadUnsubscribeLinkError):
        subscription_of(token, services=others.services)


def test_a_digest_that_broke_off_is_finished_though_a_newer_one_fell_due_meanwhile() -> None:
    """Also the very first one of a schedule, before which nothing was missed."""
    acmes = portal(DyingMailer(KeyboardInterrupt()))
    acmes.store(acme(MONTHLY.model_copy(update={"every": "day"})))
    with pytest.raises(KeyboardInterrupt):
        run_digests(services=acmes.services)
    acmes.clock.now += dt.timedelta(days=2)
    run_digests(services=acmes.services)
    rows = {
        (row.period, row.delivery.email[:3]): str(row.delivery.state) for row in all_deliveries(services=acmes.services)
    }
    assert rows == {
        ("2026-10-31", "ann"): "in_doubt",
        ("2026-10-31", "bo@"): "sent",
        ("2026-11-02", "ann"): "sent",
        ("2026-11-02", "bo@"): "sent",
    }


trouble = st.lists(
    st.tuples(st.integers(1, 30), st.booleans(), st.booleans(), st.booleans(), st.integers(0, 60)),
    min_size=1,
    max_size=10,
)


@settings(max_examples=examples(12), deadline=None)
@example(
    steps=[
        (3, True, False, False, 33),
        (27, True, True, True, 2),
        (10, False, False, False, 25),
        (21, True, False, False, 49),
        (7, False, False, True, 32),
        (12, False, False, True, 17),
    ]
)
@given(steps=trouble)
def test_each_recipient_of_each_period_gets_one_digest_or_stands_in_the_ledger(
    steps: list[tuple[int, bool, bool, bool, int]],
) -> None:
    """Whatever happens between runs: a full mailbox, no mail service, no ingest, a bucket that fails at any call."""
    acmes = portal()
    acmes.store(acme(MONTHLY.model_copy(update={"every": "day", "missed": "all"})))
    data_through = acmes.clock.now
    for hours, is_full, is_down, is_stalled, fails_at in steps:
        acmes.clock.now += dt.timedelta(hours=hours)
        data_through = data_through if is_stalled else acmes.clock.now
        acmes.objects.put("state/data-through.json", json.dumps({"instant": data_through.isoformat()}).encode())
        acmes.mailer.full = frozenset({"ann@acme.example"} if is_full else ())
        acmes.mailer.down = is_down
        acmes.objects.fails_at = acmes.objects.calls + fails_at if fails_at < 40 else None
        with contextlib.suppress(ServiceUnavailableError):
            run_digests(services=acmes.services)
        acmes.objects.fails_at = None
    acmes.mailer.full, acmes.mailer.down = frozenset(), False
    for _ in range(8):
        acmes.clock.now += dt.timedelta(hours=4)
        acmes.services.stores.watermarks.publish_data_through(acmes.clock.now)
        run_digests(services=acmes.services)
    sent = {(str(mail["To"]), str(mail["Subject"])) for mail in acmes.mailer.sent}
    assert len(sent) == len(acmes.mailer.sent)  # to nobody twice
    closed = acmes.services.stores.deliveries.periods("acme", "Monthly usage").closed
    rows = list(deliveries_of("acme", "Monthly usage", services=acmes.services))
    assert {(row.key.period, row.delivery.email) for row in rows} == {
        (period, recipient.email) for period in closed for recipient in MONTHLY.recipients
    }
    days = sorted(map(dt.date.fromisoformat, closed))
    assert [days[0] + dt.timedelta(days=number) for number in range(len(days))] == days  # and none is left out
    assert {row.delivery.state for row in rows} <= {MailState.SENT, MailState.GAVE_UP, MailState.IN_DOUBT}
    assert sum(row.delivery.state is MailState.SENT for row in rows) <= len(sent)


def test_an_empty_period_is_skipped_where_the_schedule_says_so_and_a_missed_one_is_on_record() -> None:
    acmes = portal()
    acmes.store(acme(MONTHLY.model_copy(update={"skip_if_empty": True})))
    assert (run_digests(services=acmes.services).empty, len(acmes.mailer.sent)) == (1, 0)
    assert run_digests(services=acmes.services).due == 0
    acmes.store(acme(MONTHLY.model_copy(update={"missed": "skip"})))
    acmes.clock.now = dt.datetime(2026, 12, 1, 8, tzinfo=dt.UTC)
    outcome = run_digests(services=acmes.services)
    assert (outcome.missed, outcome.due, len(acmes.mailer.sent)) == (1, 0, 0)
    assert acmes.services.stores.deliveries.periods("acme", "Monthly usage").passed == {"2026-10", "2026-11"}


def test_deliveries_are_listed_from_the_newest_period_on_and_in_pages() -> None:
    acmes = portal()
    weekly = MONTHLY.model_copy(update={"every": "week", "name": "Weekly"})
    for now in (DUE, DUE + dt.timedelta(days=7)):
        acmes.clock.now = now
        acmes.store(acme(weekly))
        run_digests(services=acmes.services)
    rows = list(deliveries_of("acme", "Weekly", services=acmes.services))
    assert [row.period for row in rows] == ["2026-W44", "2026-W44", "2026-W43", "2026-W43"]
    for number in range(1, 5):
        rest = list(deliveries_of("acme", "Weekly", services=acmes.services, after=rows[number - 1].position))
        assert rest == rows[number:]


def test_the_days_between_two_calendars_have_a_digest_of_their_own() -> None:
    acmes = portal()
    weekly = Schedule.model_validate(MONTHLY.model_dump() | {"every": "week"})
    friday = TenantProfile(tenant_id="acme", week_starts_on="friday", schedules=(weekly,))
    acmes.store(friday)
    acmes.clock.now = dt.datetime(2026, 11, 6, 7, tzinfo=dt.UTC)
    assert run_digests(services=acmes.services).sent == 2
    acmes.store(friday.model_copy(update={"week_starts_on": "thursday"}))
    acmes.clock.now = dt.datetime(2026, 11, 12, 7, tzinfo=dt.UTC)
    assert run_digests(services=acmes.services).sent == 2
    closed = acmes.services.stores.deliveries.periods("acme", "Monthly usage").closed
    assert closed == {"2026-W45~2026-10-30", "2026-11-06_2026-11-11"}
    assert occurrence_of(friday, weekly, parse_period("2026-11-06_2026-11-11")).due_at == acmes.clock.now
    assert MailState.SENT in {row.delivery.state for row in all_deliveries(services=acmes.services)}
