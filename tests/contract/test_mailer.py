"""Every mailer, fake or real, takes a message whole, refuses for good what is bad, and says when it cannot work now."""

import json
import socketserver
import threading
import uuid
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Protocol
from urllib.request import urlopen

import pytest

from signtally.aws.clients import AwsClients
from signtally.aws.ses import SesMailer
from signtally.domain.mail_addresses import NoAddressError
from signtally.local.local_aws import LocalAws
from signtally.memory.mailer import MemoryMailer
from signtally.ports.errors import AccessRefusedError, ServiceError, ServiceUnavailableError
from signtally.ports.mail import MailDeferredError, Mailer, MailRefusedError, MailSilentError, MailUncertainError
from signtally.smtp.mailer import SmtpMailer
from tests.support.ports import free_port
from tests.support.smtp_servers import SmtpServer, listening

SENDER = "Signtally – Berichte <reports@signtally.example>"


class PostOffice(Protocol):
    """A mailer, and what has arrived where it sends."""

    @property
    def mailer(self) -> Mailer: ...

    def arrived(self, address: str) -> list[tuple[str, str, str]]:
        """Subject, text and HTML of the messages to an address."""
        ...


def letter(
    to: str, *, subject: str = "Usage – październik 2026 · 利用", text: str = "41 → 43\n.\n..dots\n"
) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, to, subject
    message["Message-ID"] = f"<{uuid.uuid4()}@signtally.example>"
    message.set_content(text)
    message.add_alternative("<p>41 → 43 für <b>Łukasz</b></p>\n", subtype="html")
    return message


def read(message: EmailMessage) -> tuple[str, str, str]:
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    return str(message["Subject"]), plain.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


class MemoryPost:
    def __init__(self) -> None:
        self.mailer = MemoryMailer(refused=frozenset({"refused@acme.example"}))

    def arrived(self, address: str) -> list[tuple[str, str, str]]:
        return [read(message) for message in self.mailer.sent if message["To"] == address]


class SesPost:
    """The local SES keeps what it took; it refuses nobody."""

    def __init__(self, url: str) -> None:
        self.mailer = SesMailer(AwsClients().ses)
        self._url = url

    def arrived(self, address: str) -> list[tuple[str, str, str]]:
        with urlopen(f"{self._url}/_ministack/ses/messages") as answer:  # noqa: S310 -- on this machine
            accounts = json.load(answer)["messages"]
        kept = [mail for mails in accounts.values() for mail in mails if address in mail["To"]]
        return [
            tuple(mail[part].replace("\r\n", "\n") for part in ("Subject", "BodyText", "BodyHtml")) for mail in kept
        ]


class SmtpPost:
    def __init__(self, server: SmtpServer) -> None:
        server.replies["RCPT TO:<REFUSED@"] = "550 no such user"
        self.mailer = SmtpMailer("127.0.0.1", server.port)
        self._server = server

    def arrived(self, address: str) -> list[tuple[str, str, str]]:
        return [read(message) for recipients, message in self._server.messages if address in recipients]


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    with listening(SmtpServer()) as server:
        yield server


@pytest.fixture
def memory_post() -> PostOffice:
    return MemoryPost()


@pytest.fixture
def ses_post(local_aws: LocalAws) -> PostOffice:
    return SesPost(local_aws.environment["AWS_ENDPOINT_URL_SES"])


@pytest.fixture
def smtp_post(smtp_server: SmtpServer) -> PostOffice:
    return SmtpPost(smtp_server)


@pytest.fixture(params=["memory", "ses", "smtp"])
def post(request: pytest.FixtureRequest) -> PostOffice:
    office: PostOffice = request.getfixturevalue(f"{request.param}_post")
    office.mailer.provision(sender=SENDER)
    return office


def test_a_message_arrives_whole(post: PostOffice) -> None:
    address = f"{uuid.uuid4().hex}@acme.example"
    message = letter(address)
    assert post.mailer.send(message)
    assert post.arrived(address) == [read(message)]


def test_provisioning_again_changes_nothing(post: PostOffice) -> None:
    assert not post.mailer.provision(sender=SENDER)


def test_a_message_for_nobody_is_a_mistake(post: PostOffice) -> None:
    message = letter("ann@acme.example")
    del message["To"]
    with pytest.raises(NoAddressError):
        post.mailer.send(message)


@pytest.mark.parametrize("kind", ["memory", "smtp"])
def test_a_refused_address_is_refused_for_good(kind: str, request: pytest.FixtureRequest) -> None:
    office: PostOffice = request.getfixturevalue(f"{kind}_post")
    with pytest.raises(MailRefusedError, match="refused@acme"):
        office.mailer.send(letter("refused@acme.example"))
    assert not office.arrived("refused@acme.example")


def test_ses_takes_nothing_from_a_sender_it_does_not_know(ses_post: PostOffice) -> None:
    message = letter("ann@acme.example")
    message.replace_header("From", "reports@unknown.example")
    with pytest.raises(ServiceError, match="signtally provision") as caught:
        ses_post.mailer.send(message)
    assert not isinstance(caught.value, MailUncertainError)


def test_a_mail_service_that_is_not_there_took_nothing(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    del local_aws
    nobody = free_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SES", f"http://127.0.0.1:{nobody}")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{nobody}")
    for mailer in (SesMailer(AwsClients().ses), SmtpMailer("127.0.0.1", nobody)):
        with pytest.raises(ServiceUnavailableError) as caught:
            mailer.send(letter("ann@acme.example"))
        assert str(nobody) in str(caught.value)


@pytest.mark.parametrize("silence", ["hangs up", "never answers"])
def test_ses_that_takes_a_message_without_an_answer_leaves_it_uncertain(
    silence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is asked once only: what it may have taken must not be sent again."""
    asked: list[bytes] = []
    answered = threading.Event()

    class Silence(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked.append(self.request.recv(100))
            if silence == "never answers":
                answered.wait()

    with listening(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Silence)) as server:
        for name in ("SES", "SESV2"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", f"http://127.0.0.1:{server.server_address[1]}")
        client = AwsClients().ses
        client._endpoint.http_session._timeout._read = 0.2  # type: ignore[attr-defined] # noqa: SLF001 -- nothing else shortens it
        with pytest.raises(MailUncertainError):
            SesMailer(client).send(letter("ann@acme.example"))
        answered.set()
    assert sum(request.startswith(b"POST") for request in asked) == 1  # before, it asks for the account's rate


@pytest.mark.parametrize(
    ("command", "reply", "error"),
    [
        ("RCPT", "450 greylisted, come back", MailDeferredError),
        ("RCPT", "452 mailbox full", MailDeferredError),
        ("RCPT", "421 closing", ServiceUnavailableError),
        ("MAIL", "421 closing", ServiceUnavailableError),
        ("MAIL", "452 no space left", ServiceUnavailableError),
        ("MAIL", "550 5.7.1 not your domain", ServiceUnavailableError),
        ("MAIL", "552 5.3.4 message too large", MailRefusedError),
        ("DATA", "554 message too large", MailRefusedError),
        ("DATA", "451 try later", MailDeferredError),
        ("DATA", "421 closing", ServiceUnavailableError),
    ],
)
def test_what_an_smtp_server_says_decides(
    command: str, reply: str, error: type[Exception], smtp_server: SmtpServer
) -> None:
    smtp_server.replies[command] = reply
    with pytest.raises(error) as caught:
        SmtpMailer("127.0.0.1", smtp_server.port).send(letter("ann@acme.example"))
    assert not isinstance(caught.value, MailUncertainError)
    assert reply in str(caught.value)
    assert not smtp_server.messages


def test_a_sender_that_is_refused_is_named_with_its_settings(smtp_server: SmtpServer) -> None:
    """It would be refused for every tenant: nobody's digest is settled by it."""
    smtp_server.replies["MAIL"] = "553 no"
    with pytest.raises(ServiceUnavailableError, match=r"reports@signtally\.example.*SIGNTALLY_MAIL_FROM"):
        SmtpMailer("127.0.0.1", smtp_server.port).send(letter("ann@acme.example"))


@pytest.mark.parametrize("reply", ["nonsense", "354 go on", "100 working", "x" * 9_000, ""])
def test_an_answer_to_a_message_that_nobody_can_read_leaves_it_uncertain(reply: str, smtp_server: SmtpServer) -> None:
    """It may have been taken: sent again, it would come twice, and again with each run."""
    smtp_server.replies["DATA"] = reply
    with pytest.raises(MailUncertainError):
        SmtpMailer("127.0.0.1", smtp_server.port).send(letter("ann@acme.example"))


@pytest.mark.parametrize("reply", ["200 ok", "251 will forward", "252 I will try"])
def test_any_success_is_one(reply: str, smtp_server: SmtpServer) -> None:
    smtp_server.replies["DATA"] = reply
    assert SmtpMailer("127.0.0.1", smtp_server.port).send(letter("ann@acme.example"))


@pytest.mark.parametrize(
    ("last_command", "error"),
    [
        ("EHLO", ServiceUnavailableError),
        ("MAIL", ServiceUnavailableError),
        ("RCPT", MailSilentError),
        ("DATA", MailUncertainError),
    ],
)
def test_an_smtp_server_that_hangs_up_leaves_doubt_only_after_the_message(
    last_command: str, error: type[Exception], smtp_server: SmtpServer
) -> None:
    smtp_server.hangs_up_after = last_command
    with pytest.raises(error):
        SmtpMailer("127.0.0.1", smtp_server.port).send(letter("ann@acme.example"))


def test_an_address_that_a_server_cannot_spell_is_refused(smtp_server: SmtpServer) -> None:
    SmtpMailer("127.0.0.1", smtp_server.port).send(letter("jürgen@acme.example"))
    assert [recipients for recipients, _ in smtp_server.messages] == [["jürgen@acme.example"]]
    smtp_server.extensions.remove("SMTPUTF8")
    with pytest.raises(MailRefusedError, match="SMTPUTF8"):
        SmtpMailer("127.0.0.1", smtp_server.port).send(letter("jürgen@acme.example"))


def test_a_password_never_goes_in_the_clear(smtp_server: SmtpServer) -> None:
    smtp_server.extensions.append("AUTH PLAIN")
    mailer = SmtpMailer.from_url(f"smtp://ann:s%40cret@127.0.0.1:{smtp_server.port}")
    with pytest.raises(ServiceUnavailableError, match="STARTTLS"):
        mailer.send(letter("ann@acme.example"))
    assert not smtp_server.passwords


def test_a_wrong_password_is_said_to_be_one(smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    smtp_server.extensions += ["AUTH PLAIN", "STARTTLS"]
    smtp_server.replies["AUTH"] = "535 no"
    monkeypatch.setattr("smtplib.SMTP.starttls", lambda self, **_: self.ehlo())  # no certificate for a test
    with pytest.raises(AccessRefusedError, match="SIGNTALLY_MAIL"):
        SmtpMailer.from_url(f"smtp://ann:s%40cret@127.0.0.1:{smtp_server.port}").send(letter("ann@acme.example"))
    assert smtp_server.passwords == ["\0ann\0s@cret"]


@pytest.mark.parametrize("url", ["", "sendmail", "smtp://", "smtp://host:port", "http://host", "smtp://host:99999"])
def test_a_setting_that_names_no_mail_service_says_what_would(url: str) -> None:
    with pytest.raises(ServiceError, match=r"smtp://\[user:password@\]host"):
        SmtpMailer.from_url(url)


def test_an_error_about_the_setting_repeats_no_password() -> None:
    """An unescaped slash ends the host, so that the beginning of the password is read as the port."""
    with pytest.raises(ServiceError) as refused:
        SmtpMailer.from_url("smtp://ann:hun/ter2@mail.example")
    assert "hun" not in str(refused.value)
    assert refused.value.__cause__ is None
