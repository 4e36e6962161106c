"""An SMTP server for tests, on a socket of its own."""

import base64
import contextlib
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TypeVar

Server = TypeVar("Server", bound=socketserver.ThreadingTCPServer)


class SmtpServer(socketserver.ThreadingTCPServer):
    """A tiny SMTP server: enough to be spoken to, to refuse, and to hang up at a chosen command.

    Or to stay on the line and say nothing from then on: it is *silent_at* the beginning of a command, at the "BANNER",
    at "TLS" (after its go-ahead), in the "BODY" (of which it reads nothing, until *released*) or at "." (its end); or
    it "DRIPS" its answer to RCPT, without an end.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), SmtpConversation)
        self.messages: list[tuple[list[str], EmailMessage]] = []
        self.passwords: list[str] = []
        self.extensions = ["SMTPUTF8", "8BITMIME"]
        self.replies: dict[str, str] = {}
        self.hangs_up_after = ""
        self.silent_at = "never"
        self.fell_silent, self.released = threading.Event(), threading.Event()
        self.conversations = 0
        self.came = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _SilentError(Exception):
    """The client has gone, to which nothing was said."""


class SmtpConversation(socketserver.StreamRequestHandler):
    server: SmtpServer
    timeout = 60  # a client that never says goodbye holds up no test for ever

    def handle(self) -> None:
        with contextlib.suppress(_SilentError, OSError):
            self._talk()

    def _talk(self) -> None:
        self.recipients: list[str] = []
        self.server.conversations += 1
        self.silence("BANNER")
        self.wfile.write(b"220 tiny\r\n")
        while command := self.rfile.readline().decode().strip():
            verb = command.split(maxsplit=1)[0].upper()
            self.silence(command.upper())
            if verb == "RCPT":
                self.drip()
            reply = self.reply_to(command, verb)
            if verb == self.server.hangs_up_after:
                return
            self.wfile.write(f"{reply}\r\n".encode())
            if verb == "STARTTLS":
                self.silence("TLS")

    def reply_to(self, command: str, verb: str) -> str:
        replies = self.server.replies
        reply = next((reply for start, reply in replies.items() if command.upper().startswith(start)), "250 fine")
        if verb == "EHLO":
            return "\r\n".join(f"250-{name}" for name in ["tiny", *self.server.extensions]) + "\r\n250 HELP"
        if verb == "AUTH":
            self.server.passwords.append(base64.b64decode(command.split()[2]).decode())
        if verb == "RCPT" and reply.startswith("250"):
            self.recipients.append(command.partition(":<")[2].partition(">")[0])
        if verb == "DATA":
            self.take(keep=reply.startswith("250"))
        return reply

    def silence(self, stage: str) -> None:
        """At its stage, until the client has gone."""
        if stage.startswith(self.server.silent_at):
            self.server.fell_silent.set()
            while self.connection.recv(1):
                pass
            raise _SilentError

    def drip(self) -> None:
        """A line of an answer that goes on, again and again."""
        self.connection.settimeout(0.05)
        while self.server.silent_at == "DRIPS":
            self.server.fell_silent.set()
            self.wfile.write(b"250-")
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(1):
                    raise _SilentError
        self.connection.settimeout(self.timeout)

    def take(self, *, keep: bool) -> None:
        self.wfile.write(b"354 go on\r\n")
        if self.server.silent_at == "BODY":
            self.server.fell_silent.set()
            self.server.released.wait(60)
            raise _SilentError
        lines = list(iter(self.rfile.readline, b".\r\n"))
        body = b"".join(line[1:] if line.startswith(b".") else line for line in lines)
        message = message_from_bytes(body, policy=policy.default)
        assert isinstance(message, EmailMessage)
        if keep:
            self.server.messages.append((self.recipients, message))
            self.server.came.set()
        self.silence(".")


@contextlib.contextmanager
def listening(server: Server) -> Iterator[Server]:
    """Serve on a thread until the test is done; every conversation has ended then."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
