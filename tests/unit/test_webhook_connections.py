"""Webhooks go to public addresses alone, whose certificates are checked, within limits of time."""

import datetime as dt
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from signtally.ports.mail import MailDeferredError, MailRefusedError
from tests.support.loopback_http import LoopbackHttp
from tests.support.webhook_receiver import Receiver, message, posting, receiving


@pytest.fixture(scope="module")
def receiver() -> Iterator[tuple[str, type[Receiver]]]:
    with receiving() as found:
        yield found


def test_a_certificate_is_checked_against_the_machines_authorities(
    receiver: tuple[str, type[Receiver]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = tmp_path / "localhost.pem"
    certificate.write_bytes(self_signed("localhost"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with LoopbackHttp(receiver[1], tls=context) as server:
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
