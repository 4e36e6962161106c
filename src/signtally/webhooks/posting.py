"""Posting webhooks: what the answer, or none, means for the delivery. No error names the address: it is a secret."""

import contextlib
import dataclasses
import datetime as dt
import functools
import http.client
import re
import ssl
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from signtally.ports.mail import MailDeferredError, MailRefusedError, MailUncertainError
from signtally.ports.webhooks import DestinationGoneError, WebhookMessage
from signtally.webhooks.connection import AddressNotPublicError, PublicConnection
from signtally.webhooks.signing import signature_headers

_STEP_SECONDS, _ALL_SECONDS = 10, 20
# A host that is silent costs 20 seconds a call: after so many in a row it is left alone, so that it delays nobody else.
_MOST_SILENCES, _REST = 3, dt.timedelta(minutes=5)
_ANSWER_BYTES, _SHOWN_CHARACTERS = 16_384, 100
_LATER = {408, 425, 429}
_SECONDS, _LONGEST_PAUSE = re.compile(r"[0-9]{1,9}"), dt.timedelta(days=1)
_JSON = "application/json; charset=utf-8"  # without a charset, Teams counts each byte twice against its limit of 28 KB
_UNPRINTABLE = re.compile(r"[^ -~]+")


class HttpsWebhooks:
    """Posts to public addresses, and with *to_loopback* to this machine's own as well; follows no redirect."""

    def __init__(
        self,
        *,
        clock: Callable[[], dt.datetime],
        to_loopback: bool = False,
        step_seconds: float = _STEP_SECONDS,
        all_seconds: float = _ALL_SECONDS,
    ) -> None:
        self._clock = clock
        self._to_loopback = to_loopback
        self._step_seconds = step_seconds
        self._all_seconds = all_seconds
        self._silences: dict[str, int] = {}  # by host, in a row
        self._rests_until: dict[str, dt.datetime] = {}

    @functools.cached_property
    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def post(self, message: WebhookMessage) -> str:
        connection = PublicConnection(
            message.url,
            context=self._context,
            to_loopback=self._to_loopback,
            timeout_seconds=self._step_seconds,
            deadline_seconds=self._all_seconds,
        )
        where = f"{connection.host}:{connection.port}"
        if self._clock() < self._rests_until.get(where, dt.datetime.min.replace(tzinfo=dt.UTC)):
            raise MailDeferredError(f"not called: its host did not answer {_MOST_SILENCES} times in a row")
        with connection:
            try:
                connection.connect()
            except AddressNotPublicError as error:
                raise MailRefusedError(f"not called: {error}") from error
            except OSError as error:
                self._note_silence(where)
                raise MailDeferredError(f"it cannot be reached: {_said(connection, error)}") from error
            try:
                answer = self._answer(connection, message)
            except (OSError, http.client.HTTPException) as error:
                self._note_silence(where)
                raise self._unanswered(message, _said(connection, error)) from error
        self._silences.pop(where, None)
        return _judged(answer, now=self._clock())

    def _note_silence(self, where: str) -> None:
        self._silences[where] = self._silences.get(where, 0) + 1
        if self._silences[where] >= _MOST_SILENCES:
            self._rests_until[where] = self._clock() + _REST

    def _answer(self, connection: PublicConnection, message: WebhookMessage) -> "_Answer":
        headers = {"Content-Type": _JSON, "User-Agent": "Signtally"}
        headers |= signature_headers(message, at=self._clock())
        connection.request("POST", connection.target, body=message.body, headers=headers)
        response = connection.getresponse()
        text = b""
        with contextlib.suppress(OSError, http.client.HTTPException):  # what it answered is known without it
            text = response.read(_ANSWER_BYTES)
        return _Answer(response.status, text.decode(errors="replace"), response.headers.get("Retry-After", ""))

    def _unanswered(self, message: WebhookMessage, why: str) -> Exception:
        """Who is signed to knows a second attempt by its id; a channel would show it twice."""
        if message.secret is not None:
            return MailDeferredError(f"no answer: {why}")
        return MailUncertainError(f"no answer after the message had gone out: {why}")


@dataclasses.dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    text: str
    retry_after: str

    def __str__(self) -> str:
        said = _shown(self.text)
        return f"HTTP {self.status}: {said}" if said else f"HTTP {self.status}"


def _judged(answer: _Answer, *, now: dt.datetime) -> str:
    status = answer.status
    if status in range(200, 300):
        return str(answer)
    if status in range(300, 400):
        raise MailRefusedError(f"HTTP {status}: it leads to another address, which is not followed; write that one")
    if status == HTTPStatus.GONE:
        raise DestinationGoneError(str(answer))
    if status in _LATER or status in range(500, 600):
        raise MailDeferredError(str(answer), retry_after=_pause(answer.retry_after, now=now))
    raise MailRefusedError(str(answer))


def _pause(retry_after: str, *, now: dt.datetime) -> dt.timedelta | None:
    """Of a header Retry-After, in seconds or as a date; a day at most. None when it says neither."""
    text = retry_after.strip()
    if _SECONDS.fullmatch(text):
        return min(dt.timedelta(seconds=int(text)), _LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return min(max(until - now, dt.timedelta()), _LONGEST_PAUSE)


def _said(connection: PublicConnection, error: Exception) -> str:
    if connection.ran_out:
        return "it took too long"
    return _shown(str(error)) or type(error).__name__


def _shown(text: str) -> str:
    """What a receiver says goes into the ledger and into logs."""
    return _UNPRINTABLE.sub(" ", text).strip()[:_SHOWN_CHARACTERS]
