"""One recipient is one delivery: whatever becomes of it, nobody else waits, and the ledger says what it was."""

import contextlib
import dataclasses
import datetime as dt
import itertools
import json
import threading
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signtally.domain.deliveries import DeliveryKey, MailState
from signtally.domain.periods import FuturePeriodError, parse_period
from signtally.domain.schedules import occurrence_of
from signtally.domain.tenants import Recipient, Schedule, TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.ports.errors import ServiceUnavailableError
from signtally.stores.holds import Hold
from signtally.stores.suppressions import Suppression, SuppressionReason
from signtally.use_cases.delivery_list import all_deliveries, deliveries_of
from signtally.use_cases.digesting import run_digests
from signtally.use_cases.mail_sending import MailSending
from signtally.use_cases.sending_by_hand import occurrence_by_hand, preview, send_now
from signtally.use_cases.unsubscribing import (
    BadUnsubscribeLinkError,
    Subscription,
    subscription_of,
    unsubscribe,
    unsubscribe_url,
)
from tests.support.examples import examples
from tests.support.interposed import InterposedObjects, Result
from tests.unit.test_digests import DUE, MONTHLY, OCTOBER, DyingMailer, Portal, acme, portal

QUARTER_OF_AN_HOUR = dt.timedelta(minutes=15)


def states(acmes: Portal, key: DeliveryKey = OCTOBER) -> dict[str, str]:
    return {each.email: str(each.state) for _, each in acmes.services.stores.mail_deliveries.of(key)}


def addressed_to(email: str, **changes: object) -> Schedule:
    return MONTHLY.model_copy(update={"recipients": (Recipient(email=email),), **changes})


def test_five_full_mailboxes_keep_nobody_waiting() -> None:
    full = [f"full{number}@aaa.example" for number in range(5)]
    acmes = portal(MemoryMailer(full=frozenset(full)))
    acmes.store(*(acme(addressed_to(email), tenant_id=f"aaa{number}") for number, email in enumerate(full)))
    acmes.store(acme(addressed_to("zoe@zzz.example"), tenant_id="zzz"))
    outcome = run_digests(services=acmes.services)
    assert (outcome.sent, len(outcome.deferred), outcome.pending) == (1, 5, {})
    outcome.require_all_well()  # they are tried again
    assert run_digests(services=acmes.services).due == 0


def test_a_deferred_mail_is_tried_again_with_longer_pauses_and_given_up_after_a_day() -> None:
    acmes = portal(MemoryMailer(full=frozenset({"ann@acme.example"})))
    acmes.store(acme())
    tried = []
    for run in range(4 * 26):
        acmes.clock.now = DUE + run * QUARTER_OF_AN_HOUR
        outcome = run_digests(services=acmes.services)
        tried += [run] if outcome.deferred or outcome.gave_up else []
    assert [after - before for before, after in itertools.pairwise(tried)] == [
        1,
        2,
        4,
        8,
        16,
        16,
        16,
        16,
        16,
        1,
    ]
    assert states(acmes) == {"ann@acme.example": "gave_up", "bo@acme.example": "sent"}
    assert len(acmes.mailer.sent) == 1


def test_a_deferred_mail_is_sent_once_its_mailbox_has_room() -> None:
    """Also where the next occurrence has fallen due and went out meanwhile."""
    acmes = portal(MemoryMailer(full=frozenset({"ann@acme.example"})))
    acmes.store(acme(MONTHLY.model_copy(update={"every": "day"})))
    run_digests(services=acmes.services)
    acmes.clock.now += dt.timedelta(hours=23, minutes=59)
    acmes.mailer.full = frozenset()
    assert run_digests(services=acmes.services).sent == 1
    acmes.clock.now += dt.timedelta(minutes=1)
    assert run_digests(services=acmes.services).sent == 2
    assert acmes.addresses() == ["ann@acme.example"] * 2 + ["bo@acme.example"] * 2


@pytest.mark.parametrize("change", [{"recipients": ()}, {"name": "Other"}])
def test_a_deferred_mail_that_nobody_wants_any_more_is_given_up(change: dict[str, object]) -> None:
    acmes = portal(MemoryMailer(full=frozenset({"ann@acme.example"})))
    acmes.store(acme())
    run_digests(services=acmes.services)
    acmes.store(acme(MONTHLY.model_copy(update={**change, "paused": True})))
    acmes.mailer.full = frozenset()
    acmes.clock.now += QUARTER_OF_AN_HOUR
    assert list(run_digests(services=acmes.services).gave_up) == ["acme / Monthly usage / 2026-10 / ann@acme.example"]
    assert states(acmes)["ann@acme.example"] == "gave_up"


def test_a_run_that_dies_while_it_tries_again_leaves_doubt_and_not_silence() -> None:
    """A claim that nobody would look at again: the occurrence is closed, and its reminder was the last."""
    acmes = portal(DyingMailer(KeyboardInterrupt()))
    acmes.mailer.full = frozenset({"ann@acme.example"})
    acmes.store(acme(addressed_to("ann@acme.example")))
    run_digests(services=acmes.services)
    acmes.mailer.full = frozenset()
    acmes.clock.now += QUARTER_OF_AN_HOUR
    with pytest.raises(KeyboardInterrupt):
        run_digests(services=acmes.services)
    assert run_digests(services=acmes.services).in_doubt == {}
    assert not list(deliveries_of("acme", "Monthly usage", services=acmes.services))
    acmes.clock.now += QUARTER_OF_AN_HOUR
    (row,) = deliveries_of("acme", "Monthly usage", services=acmes.services)
    assert row.delivery.state is MailState.IN_DOUBT
    assert list(run_digests(services=acmes.services).in_doubt) == ["acme / Monthly usage / 2026-10 / ann@acme.example"]
    assert (states(acmes), len(acmes.mailer.sent)) == ({"ann@acme.example": "in_doubt"}, 1)


def test_a_mail_service_that_goes_down_during_a_retry_leaves_it_due() -> None:
    acmes = portal(MemoryMailer(full=frozenset({"ann@acme.example"})))
    acmes.store(acme())
    run_digests(services=acmes.services)
    acmes.clock.now += QUARTER_OF_AN_HOUR
    acmes.mailer.full, acmes.mailer.down = frozenset(), True
    assert list(run_digests(services=acmes.services).pending) == ["acme / Monthly usage / 2026-10 / ann@acme.example"]
    acmes.mailer.down = False
    assert run_digests(services=acmes.services).sent == 1


def test_a_mail_service_that_is_down_ends_the_retries_and_each_run_begins_with_others() -> None:
    """A connection that fails may take half a minute: thousands of deferred emails are not each tried."""
    full = [f"full{number}@acme.example" for number in range(12)]
    acmes = portal(MemoryMailer(full=frozenset(full)))
    acmes.store(acme(MONTHLY.model_copy(update={"recipients": tuple(Recipient(email=email) for email in full)})))
    run_digests(services=acmes.services)
    acmes.mailer.full, acmes.mailer.down = frozenset(), True
    tried: set[str] = set()
    for _ in range(12):
        acmes.clock.now += QUARTER_OF_AN_HOUR
        pending = run_digests(services=acmes.services).pending
        assert len(pending) == 5
        tried |= pending.keys()
    assert len(tried) == 12
    acmes.mailer.down = False
    assert run_digests(services=acmes.services).sent == 12


def test_a_tenant_on_hold_gets_no_deferred_email_before_it_is_lifted() -> None:
    acmes = portal(MemoryMailer(full=frozenset({"ann@acme.example"})))
    acmes.store(acme())
    run_digests(services=acmes.services)
    acmes.mailer.full = frozenset()
    holds = acmes.services.stores.holds
    holds.put(Hold("acme", DUE, DUE.date(), DUE.date(), differences=1, sample=()))
    acmes.clock.now += QUARTER_OF_AN_HOUR
    assert run_digests(services=acmes.services).sent == 0
    holds.lift(["acme"])
    assert run_digests(services=acmes.services).sent == 1


def test_a_retry_that_another_run_could_not_make_stays_due() -> None:
    """The other had claimed the email, found the service down, and put it back while this one looked."""
    acmes = portal(MemoryMailer(full=frozenset({"ann@acme.example"})))
    acmes.store(acme())
    run_digests(services=acmes.services)
    acmes.clock.now += QUARTER_OF_AN_HOUR
    ledger = acmes.services.stores.mail_deliveries
    (deferred,) = ledger.deferred_until(acmes.clock.now)
    before = ledger.claim_again(
        OCTOBER, deferred.email, now=acmes.clock.now, states=(MailState.DEFERRED,), by_hand=False
    )
    assert before is not None
    steps = itertools.count()

    def put_back_meanwhile(work: Callable[[], Result]) -> Result:
        if next(steps) == 1:
            ledger.record(OCTOBER, before)
        return work()

    objects = InterposedObjects(acmes.objects, put_back_meanwhile)
    late = MailSending(services=dataclasses.replace(acmes.services, objects=objects))
    late.retry(deferred, EmailMessage())
    acmes.mailer.full = frozenset()
    assert run_digests(services=acmes.services).sent == 1


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


def test_a_digest_waits_for_complete_figures_and_says_for_what() -> None:
    acmes = portal()
    acmes.store(acme())
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-10-31T23:59:59Z"}')
    outcome = run_digests(services=acmes.services)
    assert outcome.incomplete == {
        "acme / Monthly usage / 2026-10": "events up to 2026-11-01T00:00:00Z are not all counted "
        "(data through: 2026-10-31T23:59:59Z)"
    }
    outcome.require_all_well()
    acmes.clock.now += dt.timedelta(hours=6)
    late = run_digests(services=acmes.services)
    assert (late.sent, list(late.overdue)) == (0, ["acme / Monthly usage / 2026-10"])
    acmes.services.stores.watermarks.publish_data_through(dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
    assert run_digests(services=acmes.services).sent == 2
    assert "Incomplete" not in str(acmes.mailer.sent[0]["Subject"])


def test_a_schedule_that_would_rather_have_incomplete_figures_gets_them_marked() -> None:
    acmes = portal()
    acmes.store(acme(MONTHLY.model_copy(update={"incomplete": "send"})))
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-10-31T23:59:59Z"}')
    assert run_digests(services=acmes.services).sent == 0
    acmes.clock.now += dt.timedelta(hours=6)
    outcome = run_digests(services=acmes.services)
    assert (outcome.sent, len(outcome.overdue)) == (2, 1)
    message = acmes.mailer.sent[0]
    assert str(message["Subject"]).startswith("Incomplete — ")
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        assert "not all documents of this period are counted yet" in body.get_content()


def test_a_digest_waits_while_its_tenant_moves_to_another_zone() -> None:
    acmes = portal()
    acmes.store(acme())
    zones = acmes.services.stores.counted_zones(generation=acmes.services.usage_store.usage_generation())
    zones.begin([])
    moving = zones.begin_move({"acme": "UTC"})
    (why,) = run_digests(services=acmes.services).incomplete.values()
    assert why == "the tenant's days are being counted again in UTC"
    zones.finish_move(moving)
    assert run_digests(services=acmes.services).sent == 2


def test_what_waited_is_sent_though_newer_ones_fell_due_meanwhile() -> None:
    """Ingest stands still for two days: each day's digest goes out afterwards, complete."""
    acmes = portal()
    acmes.store(acme(MONTHLY.model_copy(update={"every": "day"})))
    run_digests(services=acmes.services)
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-11-01T08:00:00Z"}')
    for _ in range(4 * 24 * 2):
        acmes.clock.now += QUARTER_OF_AN_HOUR
        run_digests(services=acmes.services)
    assert len(acmes.mailer.sent) == 2
    acmes.services.stores.watermarks.publish_data_through(acmes.clock.now)
    assert run_digests(services=acmes.services).sent == 4
    assert len(acmes.mails()) == 6


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


def test_by_hand_who_has_it_gets_it_again_only_when_asked_to() -> None:
    acmes = portal()
    acmes.store(acme())
    october = occurrence_by_hand(acme(), MONTHLY, period=None, now=DUE)
    sent = send_now(october, services=acmes.services, requested_by="u_1", makes_report=True)
    assert (sent.key, [str(each.state) for each in sent.deliveries]) == (OCTOBER, ["sent", "sent"])
    send_now(october, services=acmes.services, requested_by="u_1", makes_report=True)
    assert len(acmes.mailer.sent) == 2
    assert run_digests(services=acmes.services).sent == 0  # the same ledger
    bo = [Recipient(email="bo@acme.example")]
    send_now(october, services=acmes.services, requested_by="u_1", recipients=bo, again=True, makes_report=True)
    assert acmes.addresses() == ["ann@acme.example", "bo@acme.example", "bo@acme.example"]
    rows = list(all_deliveries(services=acmes.services))
    assert [(row.period, row.delivery.email) for row in rows] == [
        ("2026-10", "ann@acme.example"),
        ("2026-10", "bo@acme.example"),
    ]
    with pytest.raises(FuturePeriodError, match="2026-11 is not over yet"):
        occurrence_by_hand(acme(), MONTHLY, period=parse_period("2026-11"), now=DUE)


def test_a_preview_sends_and_stores_nothing() -> None:
    acmes = portal()
    acmes.store(acme())
    before = {each.key: each.etag for each in acmes.objects.list_objects("")}
    message = preview(occurrence_by_hand(acme(), MONTHLY, period=None, now=DUE), services=acmes.services)
    assert str(message["Subject"]) == "acme: usage for October 2026 — 0 documents sent"
    assert acmes.mailer.sent == []
    assert {each.key: each.etag for each in acmes.objects.list_objects("")} == before


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


class SilentMailer(MemoryMailer):
    """Takes a message and says nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answers, self.answered = threading.Event(), threading.Event(), threading.Event()

    def send(self, message: EmailMessage) -> str:
        self.asked.set()
        assert self.answers.wait(60)
        taken = super().send(message)
        if len(self.sent) == len(MONTHLY.recipients):
            self.answered.set()
        return taken


def test_by_hand_a_silent_mail_server_holds_nobody_who_waits_and_gets_every_mail() -> None:
    mailer = SilentMailer()
    acmes = portal(mailer)
    acmes.store(acme())
    october = occurrence_by_hand(acme(), MONTHLY, period=None, now=DUE)
    asked: dict[str, Any] = {"requested_by": "u_1", "makes_report": True}
    sent = send_now(october, services=acmes.services, timeout=dt.timedelta(milliseconds=50), **asked)
    assert mailer.asked.wait(60)
    assert (sent.deliveries, mailer.sent) == ([], [])
    mailer.answers.set()
    assert mailer.answered.wait(60)
    assert acmes.addresses() == ["ann@acme.example", "bo@acme.example"]
    mailer.down = True
    more: dict[str, Any] = asked | {"again": True, "timeout": dt.timedelta(seconds=60)}
    with pytest.raises(ServiceUnavailableError):
        send_now(october, services=acmes.services, **more)
