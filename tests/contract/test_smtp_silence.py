"""An SMTP server that falls silent, at any stage: it costs a bounded time, and nobody but whom it is about."""

import contextlib
import dataclasses
import datetime as dt
import smtplib
import socket
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage

import pytest

from signtally.errors import SigntallyError
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.mail import MailSilentError, MailUncertainError
from signtally.settings import Settings
from signtally.smtp import mailer as mailer_module
from signtally.smtp.mailer import SmtpMailer
from signtally.use_cases.delivering.digesting import run_digests
from signtally.wiring import services as wired
from tests.support.digest_portal import DUE, QUARTER_OF_AN_HOUR, acme, addressed_to, portal, states
from tests.support.smtp_servers import SmtpServer, listening

_SHORT = dt.timedelta(seconds=1)
DOWN, SILENT, IN_DOUBT, SENT = ServiceUnavailableError, MailSilentError, MailUncertainError, None
STAGES = {
    "BANNER": DOWN,
    "EHLO": DOWN,
    "STARTTLS": DOWN,
    "TLS": DOWN,
    "AUTH": DOWN,
    "MAIL": DOWN,
    "RCPT": SILENT,
    "DRIPS": SILENT,
    "DATA": SILENT,
    "BODY": SILENT,
    ".": IN_DOUBT,
    "QUIT": SENT,
}


def email(*, lines: int = 1) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Message-ID"] = "r@signtally.example", "ann@acme.example", "<1@a.example>"
    message.set_content(f"{'x' * 70}\n" * lines)
    return message


def outcome(stage: str) -> type[Exception] | None:
    """What comes of a message to a server that is silent at this stage; a busy machine may need longer to get there."""
    for seconds in (1, 4, 16, 64):
        with listening(SmtpServer()) as server, contextlib.ExitStack() as after:
            after.callback(server.released.set)
            server.silent_at = stage
            server.extensions += ["STARTTLS"] if stage in {"STARTTLS", "TLS"} else ["AUTH PLAIN"]
            server.replies |= {"STARTTLS": "220 go ahead", "AUTH": "235 welcome"}
            found = outcome_at(server, stage=stage, timeout=dt.timedelta(seconds=seconds))
            if server.fell_silent.is_set():
                return found
    raise AssertionError(f"it never came to {stage}")


def outcome_at(server: SmtpServer, *, stage: str, timeout: dt.timedelta) -> type[Exception] | None:
    user = "ann" if stage == "AUTH" else None
    mailer = _OverPlainText("127.0.0.1", server.port, user=user, timeout=timeout, acceptance_timeout=timeout)
    try:
        mailer.send(email(lines=150_000 if stage == "BODY" else 1))
    except SigntallyError as error:
        return type(error)
    return None


class _OverPlainText(SmtpMailer):
    """It says its password without TLS: no test has a certificate that is trusted."""

    def _introduce(self, server: smtplib.SMTP) -> None:
        if self._user is None:
            super()._introduce(server)
        else:
            server.login(self._user, self._password)


def test_silence_ends_in_time_and_only_after_the_last_dot_leaves_doubt() -> None:
    with ThreadPoolExecutor(len(STAGES)) as pool:
        assert dict(zip(STAGES, pool.map(outcome, STAGES), strict=True)) == STAGES


def test_a_server_that_answers_no_quit_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each of its messages would take so much longer; here the second would take an hour."""
    with listening(SmtpServer()) as server:
        server.silent_at = "QUIT"
        mailer = SmtpMailer("127.0.0.1", server.port, timeout=_SHORT)
        while not server.fell_silent.is_set():  # a busy machine may not come to QUIT in time
            with contextlib.suppress(SigntallyError):
                mailer.send(email())
        monkeypatch.setattr(mailer_module, "_QUIT_SECONDS", 3600)
        monkeypatch.setattr(mailer, "_timeout_seconds", 3600.0)
        sent = len(server.messages)
        mailer.send(email())
        assert len(server.messages) == sent + 1


def test_a_host_that_answers_no_connection_is_given_up_in_time() -> None:
    """Its queue of connections is full, so that it takes no more and refuses none."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, contextlib.ExitStack() as queue:
        for _ in range(8):
            one = queue.enter_context(socket.socket())
            one.settimeout(0)
            one.connect_ex(server.getsockname())
        with pytest.raises(ServiceUnavailableError, match="timed out"):
            SmtpMailer("127.0.0.1", server.getsockname()[1], timeout=_SHORT).send(email())


def test_how_long_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    settings = Settings(mail="smtp://127.0.0.1:1", mail_timeout="7s", mail_acceptance_timeout="70s")
    mailer = wired(settings).mailer
    assert isinstance(mailer, SmtpMailer)
    assert (mailer._timeout_seconds, mailer._acceptance_seconds) == (7, 70)  # noqa: SLF001 -- else it would be waited for


def test_silence_about_one_recipient_delays_nobody_else_and_is_tried_again() -> None:
    """Neither the other recipient nor another tenant, whoever comes first; and in the end each has one."""
    acmes = portal()
    acmes.store(acme(), acme(addressed_to("di@zen.example"), tenant_id="zen"))
    with listening(SmtpServer()) as server:
        mailer = SmtpMailer("127.0.0.1", server.port, timeout=dt.timedelta(seconds=8))
        services = dataclasses.replace(acmes.services, mailer=mailer)
        server.silent_at = "RCPT TO:<ANN@"
        first = run_digests(services=services)
        assert (first.due, first.sent, len(first.deferred), first.pending) == (2, 2, 1, {})
        assert states(acmes) == {"ann@acme.example": "deferred", "bo@acme.example": "sent"}
        assert "fell silent" in next(iter(first.deferred.values()))
        server.silent_at = "never"
        acmes.clock.now = DUE + QUARTER_OF_AN_HOUR
        assert run_digests(services=services).sent == 1
        assert sorted(to for (to,), _ in server.messages) == ["ann@acme.example", "bo@acme.example", "di@zen.example"]
