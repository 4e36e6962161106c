"""Digests of figures that were incomplete: marked, and followed by what is complete, whoever sent them and however."""

import contextlib
import datetime as dt
from email.message import EmailMessage

import pytest

from signtally.domain.schedule_terms import Recipient
from signtally.memory.mailer import MemoryMailer
from signtally.ports.errors import ServiceUnavailableError
from signtally.use_cases.delivering import occurrence_by_hand
from signtally.use_cases.delivering.correcting import send_corrections
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.mail_sending import MailSending
from signtally.use_cases.delivering.sending_by_hand import send_now
from tests.support.digest_portal import MONTHLY, OCTOBER, Portal, acme, plain, portal, usage

HOUR = dt.timedelta(hours=1)


class BreakingMailer(MemoryMailer):
    """Takes so many messages, breaks once, and is well again."""

    def __init__(self, death: BaseException, *, after: int) -> None:
        super().__init__()
        self._death: BaseException | None = death
        self._after = after

    def send(self, message: EmailMessage) -> str:
        if self._death is not None and len(self.sent) == self._after:
            death, self._death = self._death, None
            raise death
        return super().send(message)


def test_a_deferred_mail_of_incomplete_figures_is_marked_as_long_as_they_are() -> None:
    acmes = portal()
    acmes.mailer.full = frozenset({"ann@acme.example"})
    acmes.store(acme(MONTHLY.model_copy(update={"incomplete": "send"})))
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-10-31T12:00:00Z"}')
    acmes.clock.now += 7 * HOUR
    run_digests(services=acmes.services)
    acmes.mailer.full = frozenset()
    acmes.clock.now += HOUR
    run_digests(services=acmes.services)
    assert [str(each["Subject"]).partition(" — ")[0] for each in acmes.mailer.sent] == ["Incomplete", "Incomplete"]


@pytest.mark.parametrize(("sent", "change"), [(45, "No figure has changed."), (50, "October 2026: sent 45 → 50")])
def test_what_was_sent_as_incomplete_is_followed_by_what_is_complete(sent: int, change: str) -> None:
    """Whatever the threshold: its reader was told that the figures would change."""
    acmes = portal()
    acmes.store(acme(MONTHLY.model_copy(update={"incomplete": "send"})))
    acmes.services.usage_store.put_daily_usage(usage(45), version=1)
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-10-31T12:00:00Z"}')
    acmes.clock.now += 7 * HOUR
    run_digests(services=acmes.services)
    assert str(acmes.mailer.sent[0]["Subject"]).startswith("Incomplete — ")
    assert run_digests(services=acmes.services).sent == 0  # still incomplete
    acmes.services.usage_store.put_daily_usage(usage(sent), version=2)
    acmes.services.stores.watermarks.publish_data_through(acmes.clock.now)
    assert run_digests(services=acmes.services).corrected == 1
    message = acmes.mailer.sent[-1]
    assert str(message["Subject"]).startswith("Now complete — acme: usage for October 2026")
    assert change in plain(message)
    assert "Incomplete" not in plain(message)
    acmes.clock.now += HOUR
    assert run_digests(services=acmes.services).sent == 0


def stalled(acmes: Portal) -> None:
    """A schedule that sends what is incomplete, after an ingest that has stood still for seven hours."""
    acmes.store(acme(MONTHLY.model_copy(update={"incomplete": "send"})))
    acmes.services.usage_store.put_daily_usage(usage(45), version=1)
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-10-31T12:00:00Z"}')
    acmes.clock.now += 7 * HOUR


def completed(acmes: Portal) -> None:
    acmes.services.usage_store.put_daily_usage(usage(50), version=2)
    acmes.services.stores.watermarks.publish_data_through(acmes.clock.now)


def subjects(acmes: Portal) -> list[tuple[str, str]]:
    return [(str(each["To"])[:3], str(each["Subject"]).partition(" — ")[0]) for each in acmes.mailer.sent]


@pytest.mark.parametrize("death", [ServiceUnavailableError("the mail service is down"), KeyboardInterrupt()])
def test_who_was_told_incomplete_figures_by_a_run_that_broke_off_gets_the_complete_ones(death: BaseException) -> None:
    """And who was not yet, gets the complete ones alone."""
    mailer = BreakingMailer(death, after=1)
    acmes = portal(mailer)
    stalled(acmes)
    with contextlib.suppress(KeyboardInterrupt):
        run_digests(services=acmes.services)
    assert subjects(acmes) == [("ann", "Incomplete")]
    completed(acmes)
    acmes.clock.now += HOUR
    run_digests(services=acmes.services)
    for _ in range(2):
        acmes.clock.now += HOUR
        run_digests(services=acmes.services)
    later = {("bo@", "acme: usage for October 2026")} if isinstance(death, ServiceUnavailableError) else set()
    assert {*subjects(acmes)[1:]} == later | {("ann", "Now complete")}
    assert len(acmes.mailer.sent) == 2 + len(later)
    assert "October 2026: sent 45 → 50" in plain(acmes.mailer.sent[-1])
    assert not [*acmes.services.stores.corrections.reminders()]


def test_what_a_suspended_tenant_was_told_as_incomplete_is_completed_once_it_is_let_in_again() -> None:
    acmes = portal()
    stalled(acmes)
    run_digests(services=acmes.services)
    told = len(acmes.mailer.sent)
    active = acmes.services.stores.tenants.get("acme")
    acmes.store(active.model_copy(update={"status": "suspended"}))
    completed(acmes)
    acmes.clock.now += HOUR
    assert run_digests(services=acmes.services).corrected == 0
    acmes.store(active)
    acmes.clock.now += HOUR
    assert run_digests(services=acmes.services).corrected == 1
    assert {subject for _, subject in subjects(acmes)[told:]} == {"Now complete"}


def test_what_was_told_as_incomplete_is_completed_once_a_paused_schedule_goes_on() -> None:
    acmes = portal()
    stalled(acmes)
    assert run_digests(services=acmes.services).sent == 2
    eager = MONTHLY.model_copy(update={"incomplete": "send"})
    acmes.store(acme(eager.model_copy(update={"paused": True})))
    acmes.services.stores.watermarks.publish_data_through(acmes.clock.now)
    assert run_digests(services=acmes.services).sent == 0
    acmes.clock.now += dt.timedelta(days=7)
    acmes.store(acme(eager.model_copy(update={"starts_at": acmes.clock.now})))
    assert run_digests(services=acmes.services).corrected == 1
    assert str(acmes.mailer.sent[-1]["Subject"]).startswith("Now complete — ")
    assert run_digests(services=acmes.services).sent == 0


def test_another_run_keeps_in_mind_what_is_to_be_corrected_while_it_is_being_sent() -> None:
    acmes = portal()
    stalled(acmes)
    corrections = acmes.services.stores.corrections
    corrections.remind(OCTOBER)  # and has sent nothing yet
    completed(acmes)
    mails = MailSending(services=acmes.services)
    assert send_corrections(mails, services=acmes.services, pending={}) == 0
    assert [*corrections.reminders()] == [OCTOBER]


def test_what_was_sent_by_hand_as_incomplete_is_corrected_once_it_is_due_and_complete() -> None:
    acmes = portal()
    schedule = MONTHLY.model_copy(update={"incomplete": "wait"})
    stalled(acmes)
    acmes.store(acme(schedule))
    occurrence = occurrence_by_hand(acme(schedule), schedule, period=None, now=acmes.clock.now)
    ann = Recipient(email="ann@acme.example")
    send_now(occurrence, services=acmes.services, requested_by="u_1", recipients=[ann], makes_report=True)
    completed(acmes)
    run_digests(services=acmes.services)
    assert subjects(acmes) == [
        ("ann", "Incomplete"),
        ("bo@", "acme: usage for October 2026"),
        ("ann", "Now complete"),
    ]


def test_a_profile_that_is_broken_for_a_while_loses_no_correction_and_no_deferred_email() -> None:
    acmes = portal()
    stalled(acmes)
    acmes.mailer.full = frozenset({"bo@acme.example"})
    run_digests(services=acmes.services)
    completed(acmes)
    whole = acmes.objects.get("tenants/acme.json").body
    acmes.objects.put("tenants/acme.json", whole.replace(b'"month"', b'"moon"'))
    acmes.mailer.full = frozenset()
    acmes.clock.now += HOUR
    assert run_digests(services=acmes.services).sent == 0
    acmes.objects.put("tenants/acme.json", whole)
    acmes.clock.now += HOUR
    run_digests(services=acmes.services)
    assert sorted(subjects(acmes)) == [
        ("ann", "Incomplete"),
        ("ann", "Now complete"),
        ("bo@", "acme: usage for October 2026"),
    ]
