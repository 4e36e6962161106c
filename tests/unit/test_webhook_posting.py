"""Webhooks over real sockets: signed, to public addresses alone, never redirected, within limits of time and size."""

import base64
import contextlib
import datetime as dt
import hashlib
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from signtally.domain.destinations import Destination, new_secret
from signtally.ports.mail import MailDeferredError, MailRefusedError, MailUncertainError
from signtally.ports.webhooks import DestinationGoneError, WebhookMessage
from signtally.webhooks.posting import HttpsWebhooks
from tests.support.clocks import Clock
from tests.support.loopback_http import LoopbackHttp, QuietHandler

NOW = dt.datetime(2026, 11, 1, 7, tzinfo=dt.UTC)
SECRET = new_secret()
BODY = json.dumps({"text": "41 → 43"}).encode()


class Receiver(QuietHandler):
    """Answers with the status that the path names; `/drip` sends its answer a byte now and then, `/silent` none.

    `/200-unended` promises more than it sends; a query is what its answer says in `Retry-After`.
    """

    got: list[tuple[str, dict[str, str], bytes]] = []  # noqa: RUF012 -- one receiver a module
    came, stop = threading.Event(), threading.Event()

    def do_POST(self) -> None:  # noqa: N802 -- http.server calls it so
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.came.set()
        if self.path == "/silent":
            self.stop.wait(10)
        elif self.path == "/junk":
            self.wfile.write(b"\x1b[31mno HTTP\x00" + b"x" * 9_000 + b"\r\n\r\n")
        elif self.path == "/drip":
            with contextlib.suppress(OSError):
                while not self.stop.wait(0.05):
                    self.wfile.write(b"H")
        else:
            status, _, rest = self.path.strip("/").partition("?")[0].partition("-")
            self.send_response(int(status))
            self.send_header("Location", "/200")
            self.send_header("Retry-After", unquote(self.path.partition("?")[2]))
            if rest:
                self.send_header("Content-Length", "200000")
            self.end_headers()
            self.wfile.write(b"no_service\n" + b"x" * 100_000)
            if rest:
                self.stop.wait(10)


@pytest.fixture(scope="module")
def receiver() -> Iterator[tuple[str, type[Receiver]]]:
    with LoopbackHttp(Receiver) as server:
        yield server.url, Receiver
        Receiver.stop.set()


def posting(*, to_loopback: bool = True, step_seconds: float = 10, all_seconds: float = 20) -> HttpsWebhooks:
    return HttpsWebhooks(clock=lambda: NOW, to_loopback=to_loopback, step_seconds=step_seconds, all_seconds=all_seconds)


def message(url: str, *, secret: str | None = SECRET) -> WebhookMessage:
    return WebhookMessage("msg_1", url, BODY, secret)


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


def test_a_certificate_is_checked_against_the_machines_authorities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = tmp_path / "localhost.pem"
    certificate.write_bytes(self_signed("localhost"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with LoopbackHttp(Receiver, tls=context) as server:
        with pytest.raises(MailDeferredError, match="certificate verify failed"):
            posting().post(message(f"https://localhost:{server.port}/200"))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert posting().post(message(f"https://localhost:{server.port}/200")).startswith("HTTP 200")
        with pytest.raises(MailDeferredError, match="certificate verify failed"):  # it is another's
            posting().post(message(f"https://127.0.0.1:{server.port}/200"))


def self_signed(name: str) -> bytes:
    """Key and certificate of a host, by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    signed = (
        builder.not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + signed.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_called_by_nobody_who_may_not(receiver: tuple[str, type[Receiver]], host: str) -> None:
    url, handler = receiver
    handler.got.clear()
    with pytest.raises(MailRefusedError, match="no public address"):
        posting(to_loopback=False).post(message(url.replace("127.0.0.1", host) + "/200"))
    assert handler.got == []


@pytest.mark.parametrize("host", ["a..example", ".example", "a" * 64 + ".example"])
def test_a_name_that_no_dns_has_is_refused_and_breaks_nothing(host: str) -> None:
    with pytest.raises(MailRefusedError, match="no name"):
        posting().post(message(f"https://{host}/hook"))


def test_a_name_is_asked_for_once(receiver: tuple[str, type[Receiver]], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is connected to is the address that was checked, though the name leads elsewhere a moment later."""
    url, _ = receiver
    port = int(url.rpartition(":")[2])
    asked: list[object] = []

    def resolve(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    posting(to_loopback=True).post(message(f"http://hooks.example:{port}/200"))
    assert asked == ["hooks.example"]


def test_a_name_that_takes_too_long_to_find_leaves_no_time_for_an_answer(
    receiver: tuple[str, type[Receiver]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do the addresses that did not answer before; a receiver that drips would be waited for for ever then."""
    url, handler = receiver
    port = int(url.rpartition(":")[2])

    def resolve(*_: object, **__: object) -> list[object]:
        handler.stop.wait(0.3)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(MailDeferredError, match="it cannot be reached: it took too long"):
        posting(all_seconds=0.1).post(message(f"http://hooks.example:{port}/drip"))


def test_neither_address_nor_secret_is_in_what_a_log_may_show() -> None:
    crm = Destination(name="crm", kind="webhook", url="https://crm.example/hook/abc", secret=SECRET)
    assert "abc" not in repr(crm)
    assert SECRET not in repr(crm)
    assert SECRET not in repr(WebhookMessage("msg_1", crm.url, BODY, SECRET))
    assert (crm.label, crm.shown_url) == ("webhook:crm", "https://crm.example/…")
