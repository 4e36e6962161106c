"""A TCP relay before one service, so that it alone can be away while others of the same program go on."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from signtally.loopback import LOOPBACK


class Relay:
    """Passes on what it is told at *address*, at *port* or any, to the port *target* of this machine.

    While it is off, connections are refused.
    """

    def __init__(self, target: int, *, address: str = LOOPBACK, port: int = 0) -> None:
        self._target = target
        self._address = address
        self._open: list[socket.socket] = []
        self._listener = socket.create_server((address, port))
        self.port = int(self._listener.getsockname()[1])
        self._listen()

    def on(self) -> None:
        self._listener = socket.create_server((self._address, self.port))
        self._listen()

    def off(self) -> None:
        # A thread that waits in accept() or recv() goes on waiting where its socket is only closed.
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._open.clear()

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=self._serve, args=[near], daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        """Pass on both ways until either end is gone, or the service does not answer at all."""
        with near, contextlib.suppress(OSError), socket.create_connection((LOOPBACK, self._target)) as far:
            self._open += [near, far]
            back = threading.Thread(target=_pass_on, args=[far, near], daemon=True)
            back.start()
            _pass_on(near, far)
            back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def relayed(target: int) -> Iterator[Relay]:
    """A relay to the port *target*, switched on."""
    relay = Relay(target)
    yield relay
    relay.off()
