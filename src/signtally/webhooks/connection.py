"""An HTTP connection to a public address: resolved once, checked, and called at the very address that was checked."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from signtally.domain.public_addresses import ip_address, is_public
from signtally.errors import SigntallyError

_HTTPS_PORT, _HTTP_PORT = 443, 80
_INTERIM, _MOST_INTERIM = range(102, 200), 20  # 100 is read over by Python; 101 answers what we never ask for
_SockAddress = tuple[int, tuple[Any, ...]]  # the family, and the address as sockets of that family take it


class AddressNotPublicError(SigntallyError, OSError):
    """The host has no address that may be called."""


class FinalResponse(http.client.HTTPResponse):
    """The final answer: interim ones (RFC 9110, 15.2), such as 103 Early Hints, are read over."""

    def begin(self) -> None:
        """Raises HTTPException when only interim answers come."""
        for _ in range(_MOST_INTERIM):
            super().begin()
            if self.status not in _INTERIM:
                return
            self.headers = None  # type: ignore[assignment] # by this it knows that it has not begun
        raise http.client.HTTPException(f"{_MOST_INTERIM} interim answers and no other")


class PublicConnection(http.client.HTTPConnection):
    """Connects to a URL's host unless its addresses are not public; *deadline_seconds* bounds all of it.

    The bound of each step is not enough: a receiver that sends a byte now and then would hold us for ever.
    """

    response_class = FinalResponse

    def __init__(
        self,
        url: str,
        *,
        context: ssl.SSLContext,
        to_loopback: bool,
        timeout_seconds: float,
        deadline_seconds: float,
    ) -> None:
        parts = urlsplit(url)
        self._is_encrypted = parts.scheme == "https"
        port = parts.port or (_HTTPS_PORT if self._is_encrypted else _HTTP_PORT)
        super().__init__(parts.hostname or "", port, timeout=timeout_seconds)
        self.default_port = _HTTPS_PORT if self._is_encrypted else _HTTP_PORT  # it is left out of the header Host
        self.target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.ran_out = False
        self._context = context
        self._to_loopback = to_loopback
        self._timer = threading.Timer(deadline_seconds, self._abort)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self.close()

    def connect(self) -> None:
        """Try each allowed address in turn. Raises AddressNotPublicError when there is none, and other OSErrors."""
        failure: OSError = AddressNotPublicError("its host has no public address")
        for family, address in self._allowed():
            if self.ran_out:
                raise TimeoutError
            plain = socket.socket(family, socket.SOCK_STREAM)
            try:
                plain.settimeout(self.timeout)
                plain.connect(address)
                self.sock = self._encrypted(plain)
            except OSError as error:
                plain.close()
                failure = error
            else:
                break
        else:
            raise failure
        if self.ran_out:  # just now, when there was nothing to shut down
            raise TimeoutError

    def _allowed(self) -> Iterator[_SockAddress]:
        try:
            found_addresses = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except UnicodeError:
            raise AddressNotPublicError("its host is no name that has an address") from None
        for family, _, _, _, address in found_addresses:
            found = ip_address(str(address[0]))
            if found is not None and (is_public(found) or (self._to_loopback and found.is_loopback)):
                yield family, address

    def _encrypted(self, plain: socket.socket) -> socket.socket:
        if not self._is_encrypted:
            return plain
        return self._context.wrap_socket(plain, server_hostname=self.host)

    def _abort(self) -> None:
        self.ran_out = True
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
