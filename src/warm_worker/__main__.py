"""`python -m warm_worker`: serve one work pool until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import importlib
import signal

from prefect.settings import PREFECT_WORKER_QUERY_SECONDS, temporary_settings

from warm_worker.worker import WarmWorker, import_flow


def main() -> None:
    options = options_parser().parse_args()
    for entrypoint in options.preload:
        import_flow(entrypoint)
    for call in options.warm_up:
        module, _, function = call.partition(":")
        getattr(importlib.import_module(module), function)()
    with temporary_settings({PREFECT_WORKER_QUERY_SECONDS: options.query_seconds}):
        asyncio.run(_serve(WarmWorker(options.pool, name=options.name, limit=options.limit)))


async def _serve(worker: WarmWorker) -> None:
    serving = asyncio.ensure_future(worker.start())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        print("the warm worker has stopped")  # noqa: T201 -- a program's last word


def options_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="warm_worker", description=__doc__)
    parser.add_argument("--pool", required=True, help="the work pool to serve; made when it does not exist")
    parser.add_argument("--name", help="the worker's name in the Prefect UI")
    parser.add_argument("--limit", type=int, default=4, help="flow runs at once (default 4)")
    parser.add_argument("--query-seconds", type=float, default=0.5, help="how often to ask for runs (default 0.5)")
    parser.add_argument("--preload", action="append", default=[], metavar="MODULE:FLOW", help="import before serving")
    parser.add_argument("--warm-up", action="append", default=[], metavar="MODULE:FUNCTION", help="call before serving")
    return parser


if __name__ == "__main__":
    main()
