"""TCP ports of this machine's loopback address."""

import socket

from signtally.errors import SigntallyError

LOOPBACK = "127.0.0.1"


class PortInUseError(SigntallyError):
    """Another program listens on the port; the text names the option that chooses another."""


def require_free(port: int, *, what: str, option: str) -> None:
    """Raises PortInUseError unless *port* can be bound on the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise PortInUseError(
                f"port {port} for {what} is in use ({error.strerror}): "
                f"choose another with {option}, or stop what listens there"
            ) from error


def free_port(preferred: int) -> int:
    """*preferred* when it is free, else a port that the system chooses."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            chosen: int = probe.getsockname()[1]
            return chosen
    raise PortInUseError("this machine has no free port left")
