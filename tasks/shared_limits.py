"""Limits that hold for all workers together: Prefect's global concurrency limits, shown in its UI.

Prefect's server is asked seldom, for it would be slower than what is limited. A slot is kept from one query to the
next, and given back when it was idle for a moment, or had for half a minute while others may wait. Emails are allowed
as many at a time as the limit has slots. While the server is away nothing is limited, and nothing waits for it.
"""

import contextlib
import contextvars
import dataclasses
import functools
import logging
import math
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from signtally.ending import at_end
from signtally.ports.limits import Limited

NAME = "signtally-{}"
_LEASE_SECONDS = 120.0  # after which the server takes back what a dead process had
_RENEWED_AFTER_SECONDS = 40.0
_LONGEST_PAUSE_SECONDS = {"concurrency": 1.0, "rate_limit": 0.25}  # between two questions
_TIMEOUT_SECONDS = 5.0  # of one question
_AWAY_SECONDS = 30.0  # in which a server that did not answer is not asked again
_ANSWERS = {httpx.codes.LOCKED, httpx.codes.UNPROCESSABLE_ENTITY}  # not now; more than the limit ever allows
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SlotTimes:
    """How long a process keeps a slot that it does not use just now."""

    idle_seconds: float = 2.0  # without any use
    kept_seconds: float = 30.0  # altogether: others may wait for it


class PrefectLimits:
    """Of one process."""

    def __init__(self, *, times: SlotTimes | None = None) -> None:
        self._server = _Server()
        kept = times or SlotTimes()
        self._slots = {work: _Slots(work, self._server, kept) for work in (Limited.QUERIES, Limited.UNLOADS)}
        self._mails = _Turns(Limited.MAILS, self._server)

    @contextlib.contextmanager
    def slot(self, work: Limited) -> Iterator[None]:
        slots = self._slots[work]
        lease = slots.take()
        try:
            yield
        finally:
            slots.give_back(lease)

    def wait_for_turn(self, work: Limited) -> None:
        if work is Limited.MAILS:
            self._mails.wait()

    def close(self) -> None:
        """Give back every slot."""
        for slots in self._slots.values():
            slots.close()
        self._server.close()


@dataclasses.dataclass(slots=True, eq=False)
class _Lease:
    """A slot that the server has given this process; without an id, of a server that is away or has no such limit."""

    id: UUID | None
    taken_at: float  # monotonic, as the others
    renewed_at: float
    idle_since: float


class _Server:
    """Prefect's server, asked for slots. While it is away, or not there at all, it gives none and stops nobody."""

    def __init__(self) -> None:
        self._away_until = -math.inf
        self._client: SyncPrefectClient | None = None  # opened once: that costs as much as several questions
        self._lock = threading.Lock()

    def take_slot(self, work: Limited) -> UUID | None:
        """Wait until there is one; None when there is no limit now."""
        found = self._granted(work, slots=1, mode="concurrency")
        return UUID(found["lease_id"]) if found and found["limits"] else None

    def take_turns(self, work: Limited, turns: int) -> int | None:
        """Wait until there are so many; how many may be taken at once, or None when there is no limit now."""
        found = self._granted(work, slots=turns, mode="rate_limit")
        return int(found[0]["limit"]) if found else None

    def _granted(self, work: Limited, *, slots: int, mode: Any) -> Any:  # noqa: ANN401 -- Prefect's literal; its JSON
        """Prefect's answer once it says yes; None when it does not answer."""
        if not PREFECT_API_URL.value() or time.monotonic() < self._away_until:
            return None
        try:
            while (answer := self._ask(work, slots, mode)).status_code == httpx.codes.LOCKED:
                time.sleep(min(float(answer.headers.get("Retry-After", 0)), _LONGEST_PAUSE_SECONDS[mode]))
            if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY and slots > 1:  # somebody made the limit smaller
                return self._granted(work, slots=1, mode=mode)
            return answer.raise_for_status().json()
        except Exception as error:  # noqa: BLE001 -- whatever keeps the server from answering, the work goes on
            is_news = time.monotonic() >= self._away_until
            self._away_until = time.monotonic() + _AWAY_SECONDS
            _log.log(
                logging.WARNING if is_news else logging.DEBUG,
                "Prefect does not answer, and %s are not limited by it: %s",
                work,
                error,
            )
            return None

    def _ask(self, work: Limited, slots: int, mode: Any) -> httpx.Response:  # noqa: ANN401
        with self._asked() as client:
            try:
                if mode == "concurrency":
                    return client.increment_concurrency_slots_with_lease(
                        [NAME.format(work)], slots, mode, _LEASE_SECONDS
                    )
                return client.increment_concurrency_slots([NAME.format(work)], slots, mode)
            except httpx.HTTPStatusError as error:
                if error.response.status_code in _ANSWERS:
                    return error.response
                raise

    def release(self, lease_id: UUID) -> None:
        with contextlib.suppress(Exception), self._asked() as client:  # else it runs out by itself
            client.release_concurrency_slots_with_lease(lease_id)

    def renew(self, lease_id: UUID) -> None:
        with contextlib.suppress(Exception), self._asked() as client:
            client.renew_concurrency_lease(lease_id, _LEASE_SECONDS)

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.__exit__(None, None, None)

    @contextlib.contextmanager
    def _asked(self) -> Iterator[SyncPrefectClient]:
        """A client that neither waits long nor tries again: Prefect's own would do so for a minute."""
        with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
            with self._lock:
                if self._client is None:
                    opened = get_client(sync_client=True, httpx_settings={"timeout": _TIMEOUT_SECONDS})
                    self._client = opened.__enter__()
                client = self._client
            yield client


class _Slots:
    """One limit's slots that this process has: used by a thread, or idle for the next."""

    def __init__(self, work: Limited, server: _Server, times: SlotTimes) -> None:
        self._work = work
        self._server = server
        self._times = times
        self._leases: list[_Lease] = []
        self._idle: list[_Lease] = []
        self._changed = threading.Condition()
        self._keeper: threading.Thread | None = None

    def take(self) -> _Lease:
        with self._changed:
            if self._idle:
                return self._idle.pop()
        lease_id = self._server.take_slot(self._work)
        now = time.monotonic()
        lease = _Lease(lease_id, now, now, now)
        if lease_id is not None:
            with self._changed:
                self._leases.append(lease)
                self._start_keeper()
        return lease

    def give_back(self, lease: _Lease) -> None:
        lease.idle_since = now = time.monotonic()
        if lease.id is None:
            return
        if now - lease.taken_at > self._times.kept_seconds:
            self._release([lease])
            return
        with self._changed:
            self._idle.append(lease)

    def close(self) -> None:
        with self._changed:
            idle = [*self._idle]
            self._idle.clear()
        self._release(idle)

    def _start_keeper(self) -> None:
        """In the context of whoever takes a slot: Prefect's settings lie there."""
        if self._keeper is None:
            keep = functools.partial(contextvars.copy_context().run, self._keep)
            self._keeper = threading.Thread(target=keep, name=f"slots of {self._work}", daemon=True)
            self._keeper.start()

    def _keep(self) -> None:
        """Renew leases and release idle ones, as long as there are any."""
        while True:
            time.sleep(self._times.idle_seconds / 2)
            now = time.monotonic()
            with self._changed:
                if not self._leases:
                    self._keeper = None
                    return
                idle = [each for each in self._idle if now - each.idle_since > self._times.idle_seconds]
                self._idle = [each for each in self._idle if each not in idle]
                old = [each for each in self._leases if now - each.renewed_at > _RENEWED_AFTER_SECONDS]
            self._release(idle)
            for lease in old:
                lease.renewed_at = now
                if lease.id is not None:
                    self._server.renew(lease.id)

    def _release(self, leases: list[_Lease]) -> None:
        for lease in leases:
            if lease.id is not None:
                self._server.release(lease.id)
            with self._changed:
                self._leases = [each for each in self._leases if each is not lease]


class _Turns:
    """Turns of one rate, taken as many at a time as the limit has slots: its size is learnt from the first answer."""

    def __init__(self, work: Limited, server: _Server) -> None:
        self._work = work
        self._server = server
        self._block = 1
        self._left = 0
        self._unlimited_until = -math.inf
        self._lock = threading.Lock()

    def wait(self) -> None:
        with self._lock:
            if self._left == 0:
                if time.monotonic() < self._unlimited_until:
                    return
                self._take()
            self._left -= 1

    def _take(self) -> None:
        most = self._server.take_turns(self._work, self._block)
        if most is None:
            self._unlimited_until = time.monotonic() + _AWAY_SECONDS
        self._left = min(self._block, most or 1)
        self._block = most or 1


def limits_of_this_process() -> PrefectLimits:
    """Its slots are given back as the process ends."""
    limits = PrefectLimits()
    at_end(limits.close)
    return limits
