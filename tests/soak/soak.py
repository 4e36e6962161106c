"""Everything at once on a whole stack: traffic, orders, digests, faults, programs killed in turn; then all is right."""

import contextlib
import dataclasses
import datetime as dt
import functools
import random
import signal
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx

from signtally import wiring
from signtally.domain.tenants import TenantProfile
from signtally.local.flow_runs import FlowRuns
from signtally.local.prefect_api import PrefectApi
from signtally.local.processes import ChildError
from signtally.local.stack import Stack
from signtally.loopback import LOOPBACK
from signtally.services import Services
from signtally.settings import Settings
from tests.soak.digest_time import DigestTime, digest_time
from tests.soak.holdings import Holdings
from tests.soak.portal import ZONES, Portal
from tests.soak.readers import Readers
from tests.soak.stack_programs import PROGRAMS, StackPrograms

_ROUND_MINUTES = 11  # `signtally up` starts the same program again once in ten minutes
_DAYS_A_MINUTE = 8  # that pass on the compressed clock
_SCHEDULED = ("scheduled-reports/scheduled-reports", "digests/digests")
_SLEEPLESS = "report-orders"  # its run lasts as long as its consumer lives
_SILENT_SECONDS = 240
_CRASH_SECONDS = 240  # until the run of a process that died is ended: 90 without a sign of life, and then some
# The local AWS loses what waits on queues when it is killed, which SQS does not.
_SIGNALS = {"aws": signal.SIGTERM}


@dataclasses.dataclass
class Soak:
    """Runs against a stack that has started."""

    stack: Stack
    services: Services
    programs: StackPrograms
    portal: Portal
    readers: Readers
    digests: DigestTime
    chance: random.Random
    back_after: dict[str, list[float]] = dataclasses.field(default_factory=lambda: defaultdict(list))

    def run(self, minutes: float) -> str:
        """Live for *minutes*, then see that all is right. Returns what happened, in Markdown."""
        with contextlib.closing(FlowRuns(self.stack.prefect_url)) as runs:
            return self._run(runs, minutes)

    def _run(self, runs: FlowRuns, minutes: float) -> str:
        for deployment in _SCHEDULED:  # their time is the compressed one
            runs.set_schedules(deployment, active=False)
        self._run_all(runs, "ingest/ingest", "aggregate/aggregate")
        holdings = Holdings(self.programs, every_seconds=1 if minutes < _ROUND_MINUTES else 5)
        seconds = minutes * 60
        with _until_stopped() as (threads, stop):
            lives = [
                threads.submit(holdings.sample, stop),
                threads.submit(self._send_waves, stop, every_seconds=max(0.5, seconds / 600)),
                threads.submit(self.readers.order_until, stop, every_seconds=max(1.0, seconds / 400)),
                threads.submit(self.digests.live, stop, seconds=seconds * 0.9),
            ]
            self._kill_in_turn(minutes, lives)
        _raise_first(lives)
        self._finish(runs)
        if minutes >= 1:  # a crash is found after 90 seconds at the earliest
            self._expect_no_run_stuck()
        emails = self.digests.expect_each_once()
        table = holdings.table(back_after=self.back_after)
        assert not holdings.crept(), f"{holdings.crept()}\n{table}"
        return "\n".join([*self._figures(emails), "", table])

    def _send_waves(self, stop: threading.Event, *, every_seconds: float) -> None:
        while not stop.wait(every_seconds):
            self.portal.wave(ZONES, events=self.chance.randrange(10, 60))

    def _kill_in_turn(self, minutes: float, lives: list["Future[None]"]) -> None:
        rounds = max(1, int(minutes // _ROUND_MINUTES))
        pause = minutes * 60 / (rounds * len(PROGRAMS) + 1)
        ended = threading.Event()
        for each in lives:
            each.add_done_callback(lambda life: ended.set() if life.exception() else None)
        for name in (*PROGRAMS,) * rounds:
            if ended.wait(pause):
                return
            with self.digests.ses_rests if name == "aws" else contextlib.nullcontext():
                if name == "aws":
                    self.digests.keep_mails()
                took = self.programs.kill(name, by=_SIGNALS.get(name, signal.SIGKILL))
            self.back_after[name].append(took)
        ended.wait(pause)

    def _finish(self, runs: FlowRuns) -> None:
        """All is taken off the queue, counted, made and sent; and then events and figures say the same."""
        self._run_all(runs, "ingest/ingest", "aggregate/aggregate")
        self.digests.finish()
        self._run_all(runs, *_SCHEDULED)
        for deployment in _SCHEDULED:
            runs.set_schedules(deployment, active=True)
        self.readers.expect_all_ready()
        assert self.portal.differences() == []
        assert self.services.dead_letters.depth().visible >= self.portal.junk
        since = min(day for _, _, day in self.portal.truth)
        for tenant_id in ZONES:
            found = self.readers.totals(tenant_id, since=since)
            assert {name: count for name, count in found.items() if count} == self.portal.totals(tenant_id), tenant_id
        self._run_all(runs, "reconcile/reconcile")

    def _run_all(self, runs: FlowRuns, *deployments: str) -> None:
        """One after another; a Prefect server that has just been started again may be silent for a while."""
        pause, deadline = threading.Event(), self.services.clock() + dt.timedelta(seconds=_SILENT_SECONDS)
        for deployment in deployments:
            while True:
                try:
                    runs.run(deployment)
                    break
                except ChildError as error:
                    if "did not answer" not in str(error) or self.services.clock() > deadline:
                        raise
                    pause.wait(1)

    def _expect_no_run_stuck(self) -> None:
        """Every run that began has ended, but for the consumer's that lives now."""
        pause, deadline = threading.Event(), self.services.clock() + dt.timedelta(seconds=_CRASH_SECONDS)
        with contextlib.closing(PrefectApi(f"{self.stack.prefect_url}/api")) as api:
            while stuck := _stuck(api):
                assert self.services.clock() < deadline, stuck
                pause.wait(1)

    def _figures(self, emails: int) -> Iterator[str]:
        events = sum(counts.total() for counts in self.portal.truth.values())
        yield f"- {events:,} events, each counted once; {self.portal.junk:,} of junk, each a dead letter"
        away = ", ".join(f"{many} × {why}" for why, many in sorted(self.readers.turned_away.items())) or "none"
        yield f"- {len(self.readers.taken):,} orders taken and made; turned away: {away}"
        yield f"- {emails:,} emails, each once; {self.digests.runs}; SMTP: {self.digests.smtp.moods}"


@contextlib.contextmanager
def soaking(stack: Stack, settings: Settings, programs: StackPrograms, *, minutes: float, seed: int) -> Iterator[Soak]:
    """Who and what lives on the stack; the environment of this process must name it already."""
    chance = random.Random(seed)  # noqa: S311 -- repeatable
    services = wiring.services(settings)
    portal = Portal(services, chance=chance)
    portal.move_in(*(TenantProfile(tenant_id=tenant, timezone=zone) for tenant, zone in ZONES.items()))
    days = max(3, round(minutes * _DAYS_A_MINUTE))
    readers = Readers(stack.page_url, settings, tenants=[*ZONES], chance=chance)
    with digest_time(services, stack.aws, days=days, chance=chance, portal=portal) as digests:
        yield Soak(stack, services, programs, portal, readers, digests, chance)
    readers.close()


def programs_of(parent: int, stack: Stack) -> StackPrograms:
    """The programs of a `signtally up` or `demo` whose process is *parent*."""
    urls = {
        "aws": f"http://{LOOPBACK}:{stack.aws.port}/_ministack/health",
        "timestream": f"http://{LOOPBACK}:{stack.aws.timestream_port}/_timestream_local/health",
        "prefect": f"{stack.prefect_url}/api/health",
        "api": f"{stack.page_url}/healthz",
    }
    return StackPrograms(parent, is_well={name: functools.partial(_answers, url) for name, url in urls.items()})


@contextlib.contextmanager
def _until_stopped() -> Iterator[tuple[ThreadPoolExecutor, threading.Event]]:
    stop = threading.Event()
    with ThreadPoolExecutor() as threads:
        try:
            yield threads, stop
        finally:
            stop.set()


def _raise_first(lives: list["Future[None]"]) -> None:
    for each in lives:
        each.result()


def _stuck(api: PrefectApi) -> list[str]:
    states = {"flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}}
    found: list[dict[str, Any]] = api.send("POST", "/flow_runs/filter", states)
    flows = {each["id"]: each["name"] for each in api.send("POST", "/flows/filter", {})}
    now = dt.datetime.now(dt.UTC)
    old = [
        each
        for each in found
        if now - dt.datetime.fromisoformat(each["start_time"] or each["created"]) > dt.timedelta(seconds=60)
    ]
    names = sorted(f"{flows[each['flow_id']]} {each['name']} since {each['start_time']}" for each in old)
    sleepless = [name for name in names if name.startswith(_SLEEPLESS)]
    return [name for name in names if name not in sleepless] + sleepless[1:]


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False
