"""The command line: `python -m timestream_local --port 8086 --data usage.duckdb`."""

import argparse
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence

import duckdb
import uvicorn

from timestream_local.modes import Modes
from timestream_local.server.application import application
from timestream_local.service import Service
from timestream_local.store.storage import Storage

DEFAULT_PORT = 8086
HIGHEST_PORT = 65_535

# A batch is thousands of objects that die with it: to look for garbage in the midst of it finds none.
BATCH_OBJECTS = 50_000


def port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{number} is not between 0 and {HIGHEST_PORT}")
    return number


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(
        prog="timestream-local", description="A local Amazon Timestream (LiveAnalytics)."
    )
    arguments.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    arguments.add_argument("--port", type=port, default=DEFAULT_PORT, help="port to listen on; 0 takes a free one")
    where = arguments.add_mutually_exclusive_group()
    where.add_argument(
        "--data", metavar="FILE", default="timestream.duckdb", help="the DuckDB file that keeps everything"
    )
    where.add_argument("--memory", action="store_true", help="keep everything in memory, and nothing at the end")
    s3 = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    arguments.add_argument("--s3-endpoint", metavar="URL", default=s3, help="where UNLOAD writes (default: the SDK's)")
    arguments.add_argument(
        "--read-lag", type=float, default=0.0, metavar="S", help="records are readable S seconds late"
    )
    arguments.add_argument(
        "--magnetic-lag", type=float, default=0.0, metavar="S", help="the same for the magnetic store"
    )
    arguments.add_argument(
        "--throttle-share", type=float, default=0.0, metavar="X", help="refuse this share of the calls"
    )
    arguments.add_argument(
        "--memory-limit", metavar="SIZE", default="700MB", help="what DuckDB may use before it spills"
    )
    arguments.add_argument(
        "--no-fsync", action="store_true", help="leave it to the system when writes reach the disk; see the README"
    )
    arguments.add_argument("--log-level", default="warning", choices=("debug", "info", "warning", "error"))
    return arguments


class Server(uvicorn.Server):
    """Says where it listens once it does: with --port 0 nobody could know."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            sys.stdout.write(f"timestream-local listens on http://{host}:{port}\n")
            sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int | str:
    """Serve until SIGTERM or Ctrl-C; everything acknowledged is in the file at any moment.

    Returns what `sys.exit` takes: 0, or why the file cannot be served.
    """
    options = parser().parse_args(argv)
    logging.basicConfig(level=options.log_level.upper(), stream=sys.stderr)
    try:
        storage = Storage(
            None if options.memory else options.data, memory_limit=options.memory_limit, fsync=not options.no_fsync
        )
    except duckdb.Error as error:  # no such directory, no database, another server's: the text says which
        return f"timestream-local: {error}"
    service = Service(storage, s3_endpoint=options.s3_endpoint)
    service.modes = Modes(options.read_lag, options.magnetic_lag, 0, options.throttle_share)
    config = uvicorn.Config(
        application(service),
        host=options.host,
        port=options.port,
        log_level=options.log_level,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=10,
    )
    # uvicorn raises the signal again once it has shut down; it must not end the process before the file is closed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    gc.freeze()  # what is loaded stays; to look through it again and again holds up a call for 40 ms
    gc.set_threshold(BATCH_OBJECTS)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            Server(config).run()
    finally:
        gc.unfreeze()  # else DuckDB reports at the end what it takes for leaks
        service.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
