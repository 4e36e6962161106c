"""Email through an SMTP server: `SIGNTALLY_MAIL=smtp://[user:password@]host[:port]`."""

import contextlib
import datetime as dt
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Self
from urllib.parse import unquote, urlsplit

from signtally.domain.mail_addresses import recipients_of, sender_of
from signtally.ports.errors import AccessRefusedError, ServiceError, ServiceUnavailableError
from signtally.ports.mail import MailDeferredError, MailRefusedError, MailSilentError, MailUncertainError
from signtally.smtp.conversation import (
    PERMANENT,
    TEMPORARY,
    Conversation,
    EncryptedConversation,
    reply_codes,
    reply_text,
)

_PORTS = {"smtp": 25, "smtps": 465}
_SUBMISSION_PORT = 587
_TIMEOUT = dt.timedelta(seconds=30)
_ACCEPTANCE_TIMEOUT = dt.timedelta(minutes=10)  # RFC 5321, 4.5.3.2.6: so long may a server take to accept a message
_QUIT_SECONDS = 5  # a goodbye that is not answered holds up nobody
_ENVELOPE_ID_CHARACTERS = 100  # RFC 3461, 4.4
# Replies about the session or the whole service, not about one message.
_OF_THE_SERVICE = {421, 454, 502, 503, 504, 530, 534, 535, 538}
_TOO_LARGE = 552  # RFC 1870: what MAIL may be answered about the message, not about its sender


class SmtpMailer:
    """One connection a message. STARTTLS is used wherever the server offers it, and demanded before a password.

    What comes back goes to *bounces_to*, or to the message's sender. Each answer is whole within *timeout*, and the one
    to the message itself within *acceptance_timeout*, or the server counts as silent.
    """

    def __init__(  # noqa: PLR0913 -- one a part of the URL
        self,
        host: str,
        port: int,
        *,
        user: str | None = None,
        password: str = "",
        tls: bool = False,
        bounces_to: str | None = None,
        timeout: dt.timedelta = _TIMEOUT,
        acceptance_timeout: dt.timedelta = _ACCEPTANCE_TIMEOUT,
    ) -> None:
        self._host = host
        self._port = port
        self._user = user
        self._password = password
        self._tls = tls
        self._bounces_to = bounces_to
        self._timeout_seconds = timeout.total_seconds()
        self._acceptance_seconds = acceptance_timeout.total_seconds()
        self._waits_for_goodbye = True

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        bounces_to: str | None = None,
        timeout: dt.timedelta = _TIMEOUT,
        acceptance_timeout: dt.timedelta = _ACCEPTANCE_TIMEOUT,
    ) -> Self:
        """Read `smtp://…`, or `smtps://…` for TLS from the first byte; no error repeats the URL with its password.

        Raises ServiceError when it is no such URL.
        """
        wanted = "write ses, or smtp://[user:password@]host[:port]"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ServiceError(
                f"SIGNTALLY_MAIL names no mail service: its host or port is wrong; {wanted}, with / @ : in a user or "
                "password as %2F %40 %3A"
            ) from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ServiceError(f"SIGNTALLY_MAIL names no mail service (its scheme is {parts.scheme!r}); {wanted}")
        user = unquote(parts.username) if parts.username else None
        usual = _SUBMISSION_PORT if user and parts.scheme == "smtp" else _PORTS[parts.scheme]
        password = unquote(parts.password or "")
        tls = parts.scheme == "smtps"
        return cls(
            parts.hostname,
            port or usual,
            user=user,
            password=password,
            tls=tls,
            bounces_to=bounces_to,
            timeout=timeout,
            acceptance_timeout=acceptance_timeout,
        )

    def send(self, message: EmailMessage) -> str:
        sender, recipients = self._bounces_to or sender_of(message), recipients_of(message)
        with self._session() as server:
            try:
                refused = server.send_message(
                    message, from_addr=sender, to_addrs=recipients, mail_options=_asking_for_notice(server, message)
                )
            except OSError as error:  # every SMTPException is one
                raise self._mapped(error, server=server) from error
        if refused:
            raise MailRefusedError(f"{self._where} refused {', '.join(sorted(refused))}, and took the others")
        return str(message.get("Message-ID", ""))

    def rate(self) -> float | None:
        """SMTP has no word for it."""
        return None

    def provision(self, *, sender: str) -> bool:
        """Who may send from where is decided in the server's own configuration."""
        del sender
        return False

    @property
    def _where(self) -> str:
        return f"SMTP server {self._host}:{self._port}"

    @contextlib.contextmanager
    def _session(self) -> Iterator[Conversation]:
        """A greeted, encrypted, authenticated connection; what fails before the message has surely not sent it."""
        try:
            server = self._connected()
        except smtplib.SMTPAuthenticationError as error:
            raise AccessRefusedError(
                f"{self._where} refused user {self._user}: {reply_text(error)}; check SIGNTALLY_MAIL"
            ) from error
        except ssl.SSLCertVerificationError as error:
            raise AccessRefusedError(
                f"{self._where} shows a certificate that this machine does not trust: {error.verify_message}; install "
                "its authority here, or let SIGNTALLY_MAIL name the host that the certificate is for"
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise ServiceUnavailableError(
                f"{self._where} cannot be used: {reply_text(error)}; is it running, and does SIGNTALLY_MAIL name it?"
            ) from error
        try:
            yield server
        finally:
            self._take_leave(server)

    def _take_leave(self, server: Conversation) -> None:
        """A server that once did not answer QUIT is not waited for again: else each message would cost that long."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.answers_within(min(_QUIT_SECONDS, self._timeout_seconds))
            server.putcmd("QUIT")
            if self._waits_for_goodbye:
                self._wait_for_goodbye(server)
        server.close()

    def _wait_for_goodbye(self, server: Conversation) -> None:
        try:
            server.getreply()
        except OSError:
            self._waits_for_goodbye = False
            raise

    def _connected(self) -> Conversation:
        timeout = self._timeout_seconds
        if self._tls:
            server: Conversation = EncryptedConversation(
                self._host, self._port, timeout=timeout, context=ssl.create_default_context()
            )
        else:
            server = Conversation(self._host, self._port, timeout=timeout)
        server.acceptance_seconds = self._acceptance_seconds
        try:
            self._introduce(server)
        except BaseException:
            server.close()
            raise
        return server

    def _introduce(self, server: smtplib.SMTP) -> None:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        elif self._user is not None and not self._tls:
            raise smtplib.SMTPNotSupportedError("it offers no STARTTLS, and a password is not sent in the clear")
        if self._user is not None:
            server.login(self._user, self._password)

    def _silent(self, error: OSError, *, server: Conversation) -> Exception:
        if server.handed_over:
            return MailUncertainError(f"{self._where} broke off after a message had gone out: {reply_text(error)}")
        return MailSilentError(f"{self._where} fell silent before it had the message: {reply_text(error)}")

    def _mapped(self, error: OSError, *, server: Conversation) -> Exception:
        codes = reply_codes(error)
        if isinstance(error, smtplib.SMTPNotSupportedError):  # an address in other letters, and no SMTPUTF8
            return MailRefusedError(f"{self._where} cannot take the message: {error}")
        if server.knows_recipient and not any(code in PERMANENT or code in TEMPORARY for code in codes):
            return self._silent(error, server=server)
        if isinstance(error, smtplib.SMTPSenderRefused) and error.smtp_code != _TOO_LARGE:
            return ServiceUnavailableError(
                f"{self._where} takes nothing from {error.sender} now: {reply_text(error)}; unless it passes, see "
                "SIGNTALLY_MAIL_FROM and SIGNTALLY_MAIL_BOUNCES_TO"
            )
        if codes and all(code in PERMANENT and code not in _OF_THE_SERVICE for code in codes):
            return MailRefusedError(f"{self._where} refused the message: {reply_text(error)}")
        of_this_message = isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError)
        if of_this_message and all(code in TEMPORARY and code not in _OF_THE_SERVICE for code in codes):
            return MailDeferredError(f"{self._where} did not take the message yet: {reply_text(error)}")
        return ServiceUnavailableError(f"{self._where} could not take the message now: {reply_text(error)}")


def _asking_for_notice(server: smtplib.SMTP, message: EmailMessage) -> list[str]:
    """Options of MAIL (RFC 3461): what comes back has the headers alone, and names the message."""
    if not server.has_extn("dsn"):
        return []
    envelope_id = str(message.get("Message-ID", "")).strip("<>")
    is_plain = envelope_id.isascii() and envelope_id.isprintable() and not set(envelope_id) & set("+= ")
    named = [f"ENVID={envelope_id}"] if is_plain and 0 < len(envelope_id) <= _ENVELOPE_ID_CHARACTERS else []
    return ["RET=HDRS", *named]
