"""Ordered reports as task runs: a consumer's orders are recorded in the flow run that is attached."""

import contextlib
import contextvars
import dataclasses
import logging
import threading
from collections.abc import Iterator, Mapping

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.context import get_run_context
from prefect.exceptions import ObjectNotFound

from signtally import wiring
from signtally.domain.reports import ReportKey
from signtally.log_fields import current_log_fields, log_fields
from signtally.render.process_pool import RenderFailedError
from signtally.tracing import carried_trace, continued_trace
from signtally.use_cases import reporting
from signtally.use_cases.ordering import OrderProgress, OrderResult
from tasks.services import services
from tasks.spoken import spoken
from tasks.summaries import Row, figures

_log = logging.getLogger(__name__)
_LONGEST_ORDER_SECONDS = 60  # that a flow run waits for its last task runs


@dataclasses.dataclass(slots=True)
class _Attempt:
    """What the body of one task run came to: an error of Prefect's own is none of the report's.

    *trace* and *log_fields* are the order's: a task run begins in the context of its flow run.
    """

    trace: dict[str, str]
    log_fields: Mapping[str, str]
    is_made: bool = False
    error: BaseException | None = None


_attempt: contextvars.ContextVar[_Attempt] = contextvars.ContextVar("attempt")


@task(task_run_name="{key.report_id} v{key.version} of {key.tenant_id}", cache_policy=NO_CACHE)
def make_ordered_report(key: ReportKey) -> None:
    """Make a version that was ordered."""
    attempt = _attempt.get()
    try:
        with log_fields(**attempt.log_fields), continued_trace(attempt.trace):
            reporting.make_report(key, services=services())
    except BaseException as error:
        attempt.error = error
        raise
    attempt.is_made = True


class OrderRecorder:
    """Makes orders as task runs of the flow run that is attached; without one they are made and not recorded."""

    def __init__(self) -> None:
        self.is_attached = threading.Event()
        self._context: contextvars.Context | None = None
        self._recording = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Call in a flow: until the block ends, orders are its task runs."""
        with self._changed:
            self._context = contextvars.copy_context()
            self.is_attached.set()
        try:
            yield
        finally:
            with self._changed:
                self._context = None
                self.is_attached.clear()
                self._changed.wait_for(lambda: not self._recording, _LONGEST_ORDER_SECONDS)

    def make(self, key: ReportKey) -> None:
        """Make a version. Raises what `make_report` raises."""
        with self._changed:
            context = self._context.copy() if self._context else None
            self._recording += context is not None
        if context is None:
            reporting.make_report(key, services=services())
            return
        attempt = _Attempt(carried_trace(), current_log_fields())
        try:
            context.run(self._record, key, attempt)
        except Exception as error:
            if attempt.error is error:
                raise
            _log.warning("Prefect does not show an order: %s", error)
        finally:
            with self._changed:
                self._recording -= 1
                self._changed.notify_all()
        if attempt.error is not None:
            raise attempt.error
        if not attempt.is_made:
            reporting.make_report(key, services=services())

    @staticmethod
    def _record(key: ReportKey, attempt: _Attempt) -> None:
        _attempt.set(attempt)
        make_ordered_report(key)


recorder = OrderRecorder()  # of this process: the flow attaches to it, the consumer makes its orders through it


def is_shown() -> bool:
    """Whether the server still has the present flow run as running; true also while the server does not answer."""
    context = get_run_context()
    flow_run = getattr(context, "flow_run", None)
    if flow_run is None:
        return False
    try:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(flow_run.id).state
    except ObjectNotFound:
        return False
    except Exception as error:  # noqa: BLE001 -- whatever keeps the server from answering
        _log.info("Prefect does not answer: %s", error)
        return True
    return state is not None and state.is_running()


def progress_rows(progress: OrderProgress, earlier: OrderProgress | None) -> list[Row]:
    """What an operator sees of a consumer; the pace is that since the *earlier* look."""
    return figures(
        {
            **{str(result): number for result, number in progress.results.items()},
            "being made": progress.making,
            "waiting in this consumer's line": progress.waiting,
            "waiting on the queue": progress.visible,
            "in flight with all consumers": progress.in_flight,
            "age of the oldest order in flight": spoken(progress.oldest_age),
            "made per minute, now": round(60 * pace(progress, earlier), 1),
            "seconds since the start": round(progress.seconds, 1),
        }
    )


def pace(progress: OrderProgress, earlier: OrderProgress | None) -> float:
    """Orders made a second since the *earlier* look, or since the start."""
    made, seconds = progress.results[OrderResult.MADE], progress.seconds
    if earlier is not None:
        made, seconds = made - earlier.results[OrderResult.MADE], seconds - earlier.seconds
    return made / seconds if seconds > 0 else 0.0


def warm_up() -> None:
    """Build the clients and start the rendering processes, so that the first report does not wait for them.

    Where not even that can be done within the limits of a file, orders are taken all the same: each says why it failed.
    """
    try:
        wiring.render_processes(services().settings).warm_up()
    except RenderFailedError as error:
        _log.warning("is SIGNTALLY_RENDER_TIMEOUT or SIGNTALLY_RENDER_MEMORY too small? %s", error)
