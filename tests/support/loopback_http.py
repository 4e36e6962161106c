"""An HTTP server on this machine that a test listens with."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from signtally.loopback import LOOPBACK

_STOP_POLL_SECONDS = 0.01


class QuietHandler(BaseHTTPRequestHandler):
    """Writes nothing about requests to stderr."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        del format, args


class LoopbackHttp:
    """Answers by *handler* at `url`, each request in a thread, as long as the block lasts; over TLS with *tls*."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], *, tls: ssl.SSLContext | None = None) -> None:
        self._server = ThreadingHTTPServer((LOOPBACK, 0), handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.url = f"{'http' if tls is None else 'https'}://{LOOPBACK}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_STOP_POLL_SECONDS,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
