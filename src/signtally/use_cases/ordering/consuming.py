"""Making what was ordered: a consumer takes orders off the queue, serves tenants in turn, and says that it is alive."""

import dataclasses
import datetime as dt
import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from signtally.domain.counted import counted
from signtally.domain.reports import ReportKey, ReportManifest
from signtally.ports.errors import ServiceError
from signtally.report_queue import ReceivedOrder
from signtally.services import Services
from signtally.stores.order_consumers import ConsumerBeat
from signtally.use_cases.ordering.in_flight import OrdersInFlight
from signtally.use_cases.ordering.making import OrderMaker, OrderResult
from signtally.use_cases.reporting import make_report

_log = logging.getLogger(__name__)
_TICK_SECONDS = 0.5
_PAUSE_SECONDS = 2.0  # after a call to a queue that does not answer


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerConfig:
    """What a consumer does at once, and how often."""

    makers: int = 4  # orders at a time: more than rendering processes, since reading and storing are waiting
    tenants_in_line: int = 32  # enough to be fair; more would keep work from other consumers
    orders_in_line: int = 500  # of few tenants: those behind a tenant's hundreds are to be seen
    poll_seconds: int = 3  # of a long poll: a consumer that is told to end waits for it
    beat_seconds: float = 10.0
    changed_beat_seconds: float = 1.0  # while orders come and go, so that their places in the line are known


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderProgress:
    """What a consumer did since its start and has in flight, beside the queue as it is counted now."""

    results: dict[OrderResult, int]
    making: int
    waiting: int  # in this consumer's line
    visible: int  # on the queue
    in_flight: int  # with all consumers
    oldest_age: dt.timedelta | None  # of the orders in flight, since they were sent
    seconds: float


class OrderConsumer:
    """One consumer of one process. *make* makes a claimed version, as `make_report` does."""

    def __init__(
        self,
        services: Services,
        *,
        config: ConsumerConfig | None = None,
        make: Callable[[ReportKey], ReportManifest | None] | None = None,
    ) -> None:
        self.consumer_id = uuid.uuid4().hex[:12]
        self.ended = threading.Event()
        self._services = services
        self._config = config or ConsumerConfig(makers=2 * services.settings.render_processes)
        self._in_flight = OrdersInFlight()
        self._stop = threading.Event()
        self._started = time.monotonic()
        self._maker = OrderMaker(
            services, make=make or (lambda key: make_report(key, services=services)), stop=self._stop
        )

    def run(self, stop: threading.Event) -> dict[OrderResult, int]:
        """Make orders until *stop* is set; then finish those begun and give back the others. What came of them."""
        self._stop = self._maker.stop = stop
        stores = self._services.stores
        with ThreadPoolExecutor(self._config.makers + 1, thread_name_prefix="orders") as threads:
            try:
                threads.submit(self._keep)
                for _ in range(self._config.makers):
                    threads.submit(self._work)
                self._receive()
            finally:
                stop.set()
                self._give_back(self._in_flight.close())
        with _logged("this consumer's sign of life could not be deleted"):
            stores.order_consumers.forget(self.consumer_id)
        self.ended.set()
        return self._maker.results

    def progress(self) -> OrderProgress:
        """Raises a ServiceError when the queue does not answer."""
        depth = self._services.report_queue.depth()
        making, waiting = self._in_flight.keys()
        oldest = self._in_flight.oldest()
        return OrderProgress(
            results=self._maker.results,
            making=len(making),
            waiting=len(waiting),
            visible=depth.visible,
            in_flight=depth.in_flight,
            oldest_age=None if oldest is None else self._services.clock() - oldest,
            seconds=time.monotonic() - self._started,
        )

    def _receive(self) -> None:
        config, queue = self._config, self._services.report_queue
        while not self._stop.is_set():
            if not self._in_flight.has_room(tenants=config.tenants_in_line, orders=config.orders_in_line):
                self._in_flight.wait_for_change(_TICK_SECONDS)
                continue
            try:
                received = queue.receive(wait_seconds=config.poll_seconds)
            except ServiceError as error:
                _log.warning("the queue of report orders does not answer: %s", error)
                self._stop.wait(_PAUSE_SECONDS)
                continue
            for each in received:
                self._in_flight.add(each)

    def _work(self) -> None:
        while not self._stop.is_set() and (received := self._in_flight.take()) is not None:
            try:
                delay_seconds = self._maker.make(received)
            except Exception:  # noqa: BLE001 -- the consumer goes on, whatever it is
                _log.exception("order %s comes again", received.order.key)
                delay_seconds = self._services.report_queue.visibility_seconds
            finished = self._in_flight.done(received)
            with _logged("an order comes again, though it was made"):
                for each in finished:
                    if delay_seconds is None:
                        self._services.report_queue.acknowledge(each)
                    else:
                        self._services.report_queue.extend([each], visibility_seconds=delay_seconds)

    def _keep(self) -> None:
        """Until nothing is in flight: extend what is, and give signs of life."""
        stores, queue = self._services.stores, self._services.report_queue
        extended_at = time.monotonic()
        beat_at, told = -self._config.beat_seconds, None
        with _logged("what dead consumers left stays"):
            stores.order_consumers.forget_dead()
        while not self._in_flight.is_empty_for_good:
            now = time.monotonic()
            if now - extended_at > queue.visibility_seconds / 3:
                extended_at = now
                with _logged("orders in flight may be made by others too"):
                    queue.extend(self._in_flight.all())
            keys = self._in_flight.keys()
            due = self._config.beat_seconds if keys == told else self._config.changed_beat_seconds
            if now - beat_at >= due:
                beat_at, told = now, keys
                with _logged("no sign of life could be given"):
                    stores.order_consumers.beat(ConsumerBeat(self.consumer_id, self._services.clock(), *keys))
            self._in_flight.wait_for_end(_TICK_SECONDS)

    def _give_back(self, waiting: list[ReceivedOrder]) -> None:
        if waiting:
            _log.info("not begun, and back to the queue: %s", counted(len(waiting), "order"))
            with _logged("orders that were not begun come again late"):
                self._services.report_queue.extend(waiting, visibility_seconds=0)


class _logged:  # noqa: N801 -- reads as a statement
    """Log a ServiceError with what it means, and go on."""

    def __init__(self, meaning: str) -> None:
        self._meaning = meaning

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, ServiceError):
            return False
        _log.warning("%s: %s", self._meaning, error)
        return True
