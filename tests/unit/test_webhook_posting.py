"""Webhooks over real sockets: signed, and what becomes of them by what their receivers answer, or do not."""

import base64
import datetime as dt
import hashlib
import hmac
import socket
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from signtally.domain.destinations import Destination
from signtally.ports.mail import MailDeferredError, MailRefusedError, MailUncertainError
from signtally.ports.webhooks import DestinationGoneError, WebhookMessage
from signtally.webhooks.posting import HttpsWebhooks
from tests.support.clocks import Clock
from tests.support.webhook_receiver import BODY, NOW, SECRET, Receiver, message, posting, receiving


@pytest.fixture(scope="module")
def receiver() -> Iterator[tuple[str, type[Receiver]]]:
    with receiving() as found:
        yield found


def test_a_signed_webhook_can_be_verified_as_the_standard_says(receiver: tuple[str, type[Receiver]]) -> None:
    url, handler = receiver
    assert posting().post(message(f"{url}/200?token=a/b")).startswith("HTTP 200: no_service xxx")
    path, headers, body = handler.got[-1]
    assert (path, body, headers["content-type"]) == ("/200?token=a/b", BODY, "application/json; charset=utf-8")
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_1", "1793516400")
    signed = b"msg_1.1793516400." + BODY
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    posting().post(message(f"{url}/204", secret=None))
    assert not [name for name in handler.got[-1][1] if name.startswith("webhook-")]


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("/302", MailRefusedError, "HTTP 302: it leads to another address"),
        ("/404", MailRefusedError, "HTTP 404: no_service"),
        ("/308", MailRefusedError, "HTTP 308: it leads to another address"),
        ("/410", DestinationGoneError, "HTTP 410"),
        ("/429", MailDeferredError, "HTTP 429"),
        ("/500", MailDeferredError, "HTTP 500"),
        ("/silent", MailDeferredError, "no answer: timed out"),
        ("/drip", MailDeferredError, "no answer: it took too long"),
    ],
)
def test_an_answer_decides_what_becomes_of_it(
    receiver: tuple[str, type[Receiver]], path: str, error: type[Exception], says: str
) -> None:
    url, handler = receiver
    handler.got.clear()
    handler.came.clear()
    webhooks = {"/silent": posting(step_seconds=0.3), "/drip": posting(all_seconds=1)}.get(path) or posting()
    with pytest.raises(error) as failed:
        webhooks.post(message(url + path))
    assert str(failed.value).startswith(says)
    assert url not in str(failed.value)  # it is as secret as a password
    assert handler.came.wait(60)
    assert [each[0] for each in handler.got] == [path]  # once, and no redirect


@pytest.mark.parametrize(
    ("asked", "pause"),
    [
        ("120", dt.timedelta(minutes=2)),
        (" 0 ", dt.timedelta()),
        ("99999999", dt.timedelta(days=1)),
        ("9" * 400, None),
        ("Sun, 01 Nov 2026 09:30:00 GMT", dt.timedelta(hours=2, minutes=30)),
        ("Sun, 01 Nov 2026 06:00:00 GMT", dt.timedelta()),
        ("Fri, 31 Dec 9999 23:59:59 GMT", dt.timedelta(days=1)),
        ("Sun, 01 Nov 99999 09:30:00 GMT", None),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_receiver_says_how_long_to_wait(
    receiver: tuple[str, type[Receiver]], asked: str, pause: dt.timedelta | None
) -> None:
    with pytest.raises(MailDeferredError) as deferred:
        posting().post(message(f"{receiver[0]}/429?{quote(asked)}"))
    assert deferred.value.retry_after == pause


def test_an_answer_that_never_ends_counts_by_its_status(receiver: tuple[str, type[Receiver]]) -> None:
    """Also to a channel, which would show it twice."""
    assert posting(step_seconds=0.3).post(message(f"{receiver[0]}/200-unended", secret=None)).startswith("HTTP 200")


def test_answers_before_the_final_one_are_read_over(receiver: tuple[str, type[Receiver]]) -> None:
    """RFC 9110, 15.2: a proxy may send some, asked or not; only so many are read."""
    assert posting().post(message(f"{receiver[0]}/200-hinted")).startswith("HTTP 200: no_service")
    with pytest.raises(MailRefusedError, match="HTTP 404"):
        posting().post(message(f"{receiver[0]}/404-hinted"))
    with pytest.raises(MailDeferredError, match="no answer: 20 interim answers"):
        posting().post(message(f"{receiver[0]}/hints"))


def test_a_channel_that_does_not_answer_is_in_doubt_because_it_knows_no_ids(
    receiver: tuple[str, type[Receiver]],
) -> None:
    with pytest.raises(MailUncertainError):
        posting(step_seconds=0.3).post(message(f"{receiver[0]}/silent", secret=None))


def test_junk_is_kept_short_and_without_what_terminals_obey(receiver: tuple[str, type[Receiver]]) -> None:
    with pytest.raises(MailDeferredError) as junk:
        posting().post(message(f"{receiver[0]}/junk"))
    assert str(junk.value).startswith("no answer: [31mno HTTP xxx")
    assert len(str(junk.value)) < 120


def test_what_cannot_be_reached_is_tried_again(receiver: tuple[str, type[Receiver]]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(MailDeferredError, match="it cannot be reached"):
            posting().post(message(f"http://127.0.0.1:{closed.getsockname()[1]}/200"))
    with pytest.raises(MailDeferredError, match="it cannot be reached"):  # no TLS is spoken there
        posting(step_seconds=0.3).post(message(receiver[0].replace("http:", "https:")))


def test_a_host_that_is_silent_again_and_again_rests_and_then_is_called_again(
    receiver: tuple[str, type[Receiver]],
) -> None:
    clock = Clock(NOW)
    webhooks = HttpsWebhooks(clock=clock, to_loopback=True)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/200"
        for says in ("cannot be reached", "cannot be reached", "cannot be reached", "not called", "not called"):
            with pytest.raises(MailDeferredError, match=says):
                webhooks.post(message(url))
        webhooks.post(message(f"{receiver[0]}/200"))  # others are called all the same
        clock.now += dt.timedelta(minutes=5)
        with pytest.raises(MailDeferredError, match="cannot be reached"):
            webhooks.post(message(url))


def test_neither_address_nor_secret_is_in_what_a_log_may_show() -> None:
    crm = Destination(name="crm", kind="webhook", url="https://crm.example/hook/abc", secret=SECRET)
    assert "abc" not in repr(crm)
    assert SECRET not in repr(crm)
    assert SECRET not in repr(WebhookMessage("msg_1", crm.url, BODY, SECRET))
    assert (crm.label, crm.shown_url) == ("webhook:crm", "https://crm.example/…")
