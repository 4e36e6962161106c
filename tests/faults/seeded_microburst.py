"""microburst before one endpoint, with a seed for its chance.

Two things that it does not do by itself are made up for here: it forgets the Host that its caller named, by which
Timestream's endpoint discovery would lead the caller past it, and what it calls a reset is an orderly end of the
connection.
"""

import logging
import random
import socket
import struct
import sys

from aiohttp import web
from microburst.app import make_app
from microburst.core.pipeline import Microburst
from microburst.forward import Upstream

HOST = "127.0.0.1"
_CLOSE_WITH_A_RESET = struct.pack("ii", 1, 0)  # linger on, for no seconds: socket(7)


class _HostKept(Upstream):  # type: ignore[misc]  # microburst has no types
    def _outbound_headers(self, request: web.Request) -> dict[str, str]:
        headers: dict[str, str] = super()._outbound_headers(request)
        return headers | {"host": request.headers["Host"]}


def main(port: int, upstream: str, seed: int) -> None:
    random.seed(seed)
    logging.getLogger("microburst").setLevel(logging.CRITICAL)  # that its server is away is what the test is about
    microburst = Microburst(upstream)
    microburst.upstream = _HostKept(upstream, stats=microburst.stats)
    listener = socket.create_server((HOST, port))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_WITH_A_RESET)  # accepted sockets inherit it
    web.run_app(make_app(microburst), sock=listener, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
