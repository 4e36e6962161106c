"""Emails that a mail service does not take yet: tried again for a day, while somebody wants them."""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from signtally.domain.actions import Counts
from signtally.domain.corrections import Told
from signtally.domain.deliveries import MailState
from signtally.domain.schedule_terms import Recipient
from signtally.memory.mailer import MemoryMailer
from signtally.ports.mail import MailSilentError, MailUncertainError
from signtally.stores.holds import Hold
from signtally.use_cases.delivering import Subscription, deliveries_of, occurrence_by_hand, unsubscribe
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.mail_sending import MailSending
from signtally.use_cases.delivering.sending_by_hand import send_now
from tests.support.digest_portal import (
    DUE,
    MONTHLY,
    OCTOBER,
    QUARTER_OF_AN_HOUR,
    DyingMailer,
    acme,
    addressed_to,
    portal,
    states,
)
from tests.support.interposed import InterposedObjects, Result


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


class SilentMailer(MemoryMailer):
    """It takes nothing, or perhaps everything, and never says so."""

    def __init__(self, silence: Exception) -> None:
        super().__init__()
        self.silence: Exception | None = silence
        self.asked = 0

    def send(self, message: EmailMessage) -> str:
        self.asked += 1
        if self.silence is not None:
            raise self.silence
        return super().send(message)


@pytest.mark.parametrize(
    ("silence", "state"), [(MailSilentError("silent"), "deferred"), (MailUncertainError("silent"), "in_doubt")]
)
def test_a_mail_service_that_is_silent_over_each_message_ends_the_run_and_the_next_asks_for_others(
    silence: Exception, state: str
) -> None:
    """Each silence is waited for: a run waits for a few, whatever is due, and nobody is left out in the end."""
    mailer = SilentMailer(silence)
    acmes = portal(mailer)
    tenants = [f"t{number}" for number in range(12)]
    acmes.store(*(acme(addressed_to(f"ann@{each}.example"), tenant_id=each) for each in tenants))
    outcome = run_digests(services=acmes.services)
    assert (mailer.asked, len(getattr(outcome, state)), len(outcome.pending)) == (5, 5, 5)
    assert all("silent over 5 messages in a row" in why for why in outcome.pending.values())
    mailer.silence = None
    acmes.clock.now += QUARTER_OF_AN_HOUR
    assert run_digests(services=acmes.services).sent == (12 if state == "deferred" else 7)
    assert max(acmes.mails().values()) == 1


def test_a_full_mailbox_keeps_nobody_of_a_schedule_that_catches_up_waiting_and_gets_no_heap_of_mails() -> None:
    """Five days with `missed: all`, with one mailbox full for four: the others get each day's when it is due."""
    acmes = portal(MemoryMailer(full=frozenset({"ann@acme.example"})))
    acmes.store(acme(MONTHLY.model_copy(update={"every": "day", "missed": "all"})))
    for run in range(4 * 5):
        acmes.clock.now = DUE + run * dt.timedelta(hours=6)
        if run == 4 * 4 + 1:
            acmes.mailer.full = frozenset()
        run_digests(services=acmes.services)
        assert acmes.addresses().count("bo@acme.example") == run // 4 + 1
    rows = deliveries_of("acme", MONTHLY.name, services=acmes.services)
    of_ann = [str(row.delivery.state) for row in rows if row.delivery.email == "ann@acme.example"]
    assert of_ann == ["sent"] + ["gave_up"] * 4
    assert acmes.addresses().count("ann@acme.example") == 1


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


@pytest.mark.parametrize("change", [{"paused": True}, {"digest": False}])
def test_a_schedule_that_sends_nothing_any_more_sends_no_deferred_mail_but_by_hand(change: dict[str, object]) -> None:
    acmes = portal(MemoryMailer(full=frozenset({"ann@acme.example", "cy@acme.example"})))
    acmes.store(acme())
    run_digests(services=acmes.services)
    october = occurrence_by_hand(acme(), MONTHLY, period=None, now=acmes.clock.now)
    cy = Recipient(email="cy@acme.example")
    send_now(october, services=acmes.services, requested_by="u_1", recipients=[cy], makes_report=True)
    acmes.store(acme(MONTHLY.model_copy(update=change)))
    acmes.mailer.full = frozenset()
    acmes.clock.now += QUARTER_OF_AN_HOUR
    run_digests(services=acmes.services)
    assert states(acmes) == {"ann@acme.example": "gave_up", "bo@acme.example": "sent", "cy@acme.example": "sent"}


def test_who_unsubscribes_before_a_deferred_mail_comes_keeps_no_person_busy() -> None:
    acmes = portal(MemoryMailer(full=frozenset({"ann@acme.example"})))
    acmes.store(acme())
    run_digests(services=acmes.services)
    unsubscribe(Subscription("acme", "Ann@acme.example"), services=acmes.services)
    acmes.clock.now += QUARTER_OF_AN_HOUR
    outcome = run_digests(services=acmes.services)
    outcome.require_all_well()
    assert [*outcome.unsubscribed] == ["acme / Monthly usage / 2026-10 / ann@acme.example"]


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
    late.retry(deferred, EmailMessage(), told=Told(Counts(), acmes.clock.now))
    acmes.mailer.full = frozenset()
    assert run_digests(services=acmes.services).sent == 1
