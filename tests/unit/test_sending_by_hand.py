"""Digests by hand: through the same ledger, and to nobody again unless that is asked for."""

import datetime as dt
import threading
from email.message import EmailMessage
from typing import Any

import pytest

from signtally.domain.periods import FuturePeriodError, parse_period
from signtally.domain.schedule_terms import Recipient
from signtally.memory.mailer import MemoryMailer
from signtally.ports.errors import ServiceUnavailableError
from signtally.use_cases.delivering import all_deliveries, occurrence_by_hand
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.sending_by_hand import preview, send_now
from tests.support.digest_portal import DUE, MONTHLY, OCTOBER, acme, portal


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
    assert str(message["Subject"]) == "acme: usage for October 2026 — no data"
    assert acmes.mailer.sent == []
    assert {each.key: each.etag for each in acmes.objects.list_objects("")} == before


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
