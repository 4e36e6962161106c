"""A conversation with an SMTP server that ends in time, and knows how far it has come."""

import io
import re
import smtplib
import socket
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

PERMANENT, TEMPORARY = range(500, 600), range(400, 500)
_TAKEN, _ANY_SUCCESS = 250, range(200, 300)  # RFC 5321, 4.2.1: a client goes by the first digit
_GO_ON = 354
_LEADING_DOT, _END_OF_LINE = re.compile(rb"^\.", re.MULTILINE), b"\r\n"


class Conversation(smtplib.SMTP):
    """One message, and one conversation for it.

    Silence is about a recipient once the server was told of one; once the last byte of the message has gone out, it
    may mean that the message was taken.
    """

    handed_over = knows_recipient = False
    acceptance_seconds = 600.0
    _answer_seconds: float | None = None

    def answers_within(self, seconds: float) -> None:
        """From now on: what is sent, and each answer as a whole."""
        self._answer_seconds = seconds
        if self.sock is not None:
            self.sock.settimeout(seconds)

    def getreply(self) -> tuple[int, bytes]:
        """A server may not draw an answer out byte by byte."""
        seconds = self._answer_seconds or self.timeout
        if self.sock is not None:
            if self.file is None:
                self.file = io.BufferedReader(_TimedReader(self.sock))
            self.file.raw.begin(seconds)
        try:
            return super().getreply()
        finally:
            if self.sock is not None:
                self.sock.settimeout(seconds)

    def rcpt(self, recip: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        self.knows_recipient = True
        return super().rcpt(recip, options)

    def rset(self) -> tuple[int, bytes]:
        """What smtplib asks for after a refusal: nothing comes after it here."""
        return _TAKEN, b""

    def data(self, msg: "ReadableBuffer | str") -> tuple[int, bytes]:
        """An answer that is none (no code, a line without an end) is as good as silence.

        Where not every byte could be sent, the last dot was not, and nothing was taken.
        """
        code, reply = self.docmd("DATA")
        if code != _GO_ON:
            raise smtplib.SMTPDataError(code, reply)
        usual = self._answer_seconds or self.timeout
        self.answers_within(self.acceptance_seconds)
        self.send(_until_the_last_dot(msg.encode() if isinstance(msg, str) else bytes(msg)))
        self.handed_over = True
        try:
            return _understood(*self.getreply())
        except smtplib.SMTPResponseException as error:
            raise smtplib.SMTPServerDisconnected(f"its answer cannot be read: {reply_text(error)}") from error
        finally:
            self.answers_within(usual)


class EncryptedConversation(Conversation, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""


class _TimedReader(io.RawIOBase):
    """What comes from a socket, until so long after `begin`."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection
        self._ends_at = 0.0

    def begin(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


def _until_the_last_dot(message: bytes) -> bytes:
    """RFC 5321, 4.5.2: a line that begins with a dot gets another one."""
    ending = b"" if message.endswith(_END_OF_LINE) else _END_OF_LINE
    return _LEADING_DOT.sub(b"..", message) + ending + b"." + _END_OF_LINE


def _understood(code: int, reply: bytes) -> tuple[int, bytes]:
    """What smtplib knows as taken or not. Raises SMTPServerDisconnected for what says neither."""
    if code in _ANY_SUCCESS:
        return _TAKEN, reply
    if code not in TEMPORARY and code not in PERMANENT:
        raise smtplib.SMTPServerDisconnected(f"its answer cannot be read: {reply.decode(errors='replace')}")
    return code, reply


def reply_codes(error: OSError) -> list[int]:
    """The server's replies; none when it said nothing."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _ in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []


def reply_text(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        replies = (
            f"{address}: {code} {reply.decode(errors='replace')}" for address, (code, reply) in error.recipients.items()
        )
        return "; ".join(replies)
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        return f"{error.smtp_code} {reply.decode(errors='replace') if isinstance(reply, bytes) else reply}"
    return str(error)
