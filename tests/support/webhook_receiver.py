"""A receiver of webhooks on this machine, and what is posted to it."""

import contextlib
import datetime as dt
import json
import threading
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import unquote

from signtally.domain.destinations import new_secret
from signtally.ports.webhooks import WebhookMessage
from signtally.webhooks.posting import HttpsWebhooks
from tests.support.loopback_http import LoopbackHttp, QuietHandler

NOW = dt.datetime(2026, 11, 1, 7, tzinfo=dt.UTC)
SECRET = new_secret()
BODY = json.dumps({"text": "41 → 43"}).encode()
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


class Receiver(QuietHandler):
    """Answers with the status that the path names; `/drip` sends its answer a byte now and then, `/silent` none.

    `/200-unended` promises more than it sends, `/200-hinted` answers twice before; `/hints` says that it will answer,
    and never does. A query is what its answer says in `Retry-After`.
    """

    got: ClassVar[list[tuple[str, dict[str, str], bytes]]]
    came: ClassVar[threading.Event]
    stop: ClassVar[threading.Event]

    def do_POST(self) -> None:  # noqa: N802 -- http.server calls it so
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.came.set()
        if self.path == "/silent":
            self.stop.wait(10)
        elif self.path == "/junk":
            self.wfile.write(b"\x1b[31mno HTTP\x00" + b"x" * 9_000 + b"\r\n\r\n")
        elif self.path == "/hints":
            self.wfile.write(HINT * 100)
        elif self.path == "/drip":
            with contextlib.suppress(OSError):
                while not self.stop.wait(0.05):
                    self.wfile.write(b"H")
        else:
            status, _, rest = self.path.strip("/").partition("?")[0].partition("-")
            if rest == "hinted":
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" + HINT)
            self.send_response(int(status))
            self.send_header("Location", "/200")
            self.send_header("Retry-After", unquote(self.path.partition("?")[2]))
            if rest == "unended":
                self.send_header("Content-Length", "200000")
            self.end_headers()
            self.wfile.write(b"no_service\n" + b"x" * 100_000)
            if rest == "unended":
                self.stop.wait(10)


@contextlib.contextmanager
def receiving() -> Iterator[tuple[str, type[Receiver]]]:
    """Its URL, and what it got."""

    class Own(Receiver):
        got = []  # noqa: RUF012 -- of this receiver alone
        came, stop = threading.Event(), threading.Event()

    with LoopbackHttp(Own) as server:
        yield server.url, Own
        Own.stop.set()


def posting(*, to_loopback: bool = True, step_seconds: float = 10, all_seconds: float = 20) -> HttpsWebhooks:
    return HttpsWebhooks(clock=lambda: NOW, to_loopback=to_loopback, step_seconds=step_seconds, all_seconds=all_seconds)


def message(url: str, *, secret: str | None = SECRET) -> WebhookMessage:
    return WebhookMessage("msg_1", url, BODY, secret)
