"""A mail server with moods: full mailboxes, greylisting, late answers, none for ever, and hours in which it is away."""

import contextlib
import dataclasses
import datetime as dt
import functools
import random
import socketserver
import threading
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

_LATE_SECONDS = 0.2
_LOOK_SECONDS = 0.05
_GREYLISTED_FOR = dt.timedelta(minutes=10)


@dataclasses.dataclass(frozen=True)
class Arrival:
    """A message that the server has taken, whatever it said about it."""

    recipient: str
    message: EmailMessage
    at: dt.datetime

    @functools.cached_property  # a year looks for each report in every message
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        assert body is not None
        return str(body.get_content())


class MoodyServer(socketserver.ThreadingTCPServer):
    """*full* mailboxes take nothing; *nervous* is called at each step of a conversation, and may kill whoever talks."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *, chance: random.Random, clock: Callable[[], dt.datetime], full: frozenset[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.arrivals: list[Arrival] = []
        self.moods: dict[str, int] = {}
        self.is_away = False
        self.is_moody = True
        self.nervous: Callable[[str], None] = lambda _: None
        self._chance = chance
        self._clock = clock
        self._full = full
        self._greylisted: dict[str, dt.datetime] = {}
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def on_recipient(self, address: str) -> str:
        with self._lock:
            if address in self._full:
                return self._in_mood("full", "452 4.2.2 mailbox full")
            first = self._greylisted.setdefault(address, self._clock())
        if self._clock() - first < _GREYLISTED_FOR:
            return self._in_mood("greylisted", "450 4.7.1 greylisted, come back")
        return "250 fine"

    def on_message(self, recipient: str, body: bytes) -> str | None:
        """The reply; empty where it hangs up instead, None where it never says anything, and stays on the line."""
        message = message_from_bytes(body, policy=policy.default)
        assert isinstance(message, EmailMessage)
        with self._lock:
            mood = self._chance.random() if self.is_moody else 1.0
            if mood < 0.02:
                return self._in_mood("refused later", "451 4.3.0 try later")
            self.arrivals.append(Arrival(recipient, message, self._clock()))
        if mood < 0.03:
            self._in_mood("never", "")
            return None
        if mood < 0.04:
            return self._in_mood("hangs up", "")
        if mood < 0.1:
            self._in_mood("late", "")
            time.sleep(_LATE_SECONDS)
        return "250 taken"

    def _in_mood(self, mood: str, reply: str) -> str:
        self.moods[mood] = self.moods.get(mood, 0) + 1
        return reply


class _Conversation(socketserver.StreamRequestHandler):
    server: MoodyServer

    def handle(self) -> None:
        try:
            self._talk()
        except OSError:
            return  # it was killed

    def _talk(self) -> None:
        self._say("421 closing" if self.server.is_away else "220 moody")
        recipient = ""
        while not self.server.is_away and (command := self.rfile.readline().decode().strip()):
            verb = command.split(maxsplit=1)[0].upper()
            self.server.nervous(verb)
            if verb == "RCPT":
                recipient = command.partition(":<")[2].partition(">")[0]
                self._say(self.server.on_recipient(recipient))
            elif verb == "DATA":
                self._say("354 go on")
                lines = list(iter(self.rfile.readline, b".\r\n"))
                if lines and not lines[-1].endswith(b"\r\n"):
                    return  # cut off: the message was never whole
                reply = self.server.on_message(recipient, b"".join(each.removeprefix(b".") for each in lines))
                self.server.nervous("taken")
                if reply is None:
                    self._wait_for_its_death()
                if not reply:
                    return
                self._say(reply)
            else:
                self._say("250 SMTPUTF8" if verb == "EHLO" else "221 bye" if verb == "QUIT" else "250 fine")
                if verb == "QUIT":
                    return

    def _wait_for_its_death(self) -> None:
        """Nobody waits for ten minutes here, as a client may: whoever talks is killed."""
        self.connection.settimeout(_LOOK_SECONDS)
        while True:
            self.server.nervous("never")
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(1):
                    return

    def _say(self, reply: str) -> None:
        self.wfile.write(f"{reply}\r\n".encode())
