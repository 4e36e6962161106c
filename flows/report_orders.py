"""Reports on demand: a consumer makes what is ordered, and shows it as a flow whose task runs are the orders.

`python -m flows.report_orders` is the program, and needs no deployment. It makes reports whether Prefect's server is
there or not: the flow run only shows them, and a new one begins when the server is back.
"""

import logging
import os
import threading
import time

from prefect import flow, tags

from signtally.cli.signals import stop_on_signals
from signtally.domain.counted import counted
from signtally.ending import finish
from signtally.ports.errors import ServiceError
from signtally.use_cases.ordering import OrderConsumer, OrderProgress
from tasks.alarms import TAG
from tasks.failures import explain_failure
from tasks.metrics import serving
from tasks.progress import LiveProgress, ProgressState
from tasks.report_orders import is_shown, pace, progress_rows, recorder, warm_up
from tasks.services import services, take_no_slots
from tasks.summaries import publish_summary

_log = logging.getLogger(__name__)
_LONGEST_RUN_SECONDS = 3600.0  # a run of thousands of orders is hard to look through
_PROGRESS_SECONDS, _RETRY_SECONDS = 5.0, 5.0

_consumer: OrderConsumer | None = None  # of this process


@flow(
    name="report-orders",
    flow_run_name="report orders made by {consumer}",
    on_failure=[explain_failure],
    on_crashed=[explain_failure],
)
def report_orders(consumer: str, time_budget_seconds: float = _LONGEST_RUN_SECONDS) -> None:
    """Show the orders that this process's consumer makes; an hour's a run. *consumer* is its id."""
    if _consumer is None or _consumer.consumer_id != consumer:
        raise ValueError("run `python -m flows.report_orders`: it makes the orders, and starts this flow by itself")
    with recorder.attached(), LiveProgress("report-orders") as live:
        progress = _watch(_consumer, live, until=time.monotonic() + time_budget_seconds)
    if progress is not None:
        publish_summary("report-orders", progress_rows(progress, None), description="What this consumer did so far")


def main() -> None:
    """Make ordered reports until SIGTERM or Ctrl-C, which give back what is not begun."""
    global _consumer  # noqa: PLW0603 -- the flow runs on another thread of this program
    take_no_slots()
    # Before any process is started: rendering takes all of a processor, and whoever asks the API beside it goes first.
    os.nice(services().settings.consumer_niceness)
    warm_up()
    _consumer = consumer = OrderConsumer(services(), make=recorder.make)
    with serving(services()), stop_on_signals() as stop:
        shown = threading.Thread(target=_show, args=(consumer, stop), name="shown to Prefect")
        shown.start()
        consumer.run(stop)
        shown.join()
        finish()


def _show(consumer: OrderConsumer, stop: threading.Event) -> None:
    """Keep one flow run under way while the consumer works."""
    if not os.environ.get("PREFECT_API_URL"):
        _log.warning("PREFECT_API_URL is not set: orders are made, and no Prefect server shows them")
        return
    while not stop.is_set():
        try:
            with tags(TAG):  # so that its alarms are ours
                report_orders(consumer.consumer_id)
        except Exception as error:  # noqa: BLE001 -- orders are made all the same
            _log.warning("Prefect does not show the orders: %s", error)
            stop.wait(_RETRY_SECONDS)


def _watch(consumer: OrderConsumer, live: LiveProgress, *, until: float) -> OrderProgress | None:
    """Show the progress until the consumer ends, the server has lost this run, or *until* (monotonic); the latest."""
    progress: OrderProgress | None = None
    is_over = False
    while not is_over:
        is_over = consumer.ended.wait(_PROGRESS_SECONDS) or time.monotonic() >= until or not is_shown()
        earlier = progress
        try:
            progress = consumer.progress()
        except ServiceError as error:
            _log.warning("the progress could not be counted: %s", error)
            continue
        live.show(_state(progress, earlier))
    return progress


def _state(progress: OrderProgress, earlier: OrderProgress | None) -> ProgressState:
    done = sum(progress.results.values())
    left = progress.visible + progress.in_flight
    finished = counted(done, "order", grouped=True)
    summary = f"{finished} finished, {60 * pace(progress, earlier):,.0f} made a minute; {left:,} left"
    return ProgressState(done / (done + left) if done + left else 1.0, summary, progress_rows(progress, earlier))


if __name__ == "__main__":
    main()
