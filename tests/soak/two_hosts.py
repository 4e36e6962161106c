"""Two hosts with workers, one cut off from the network in the middle of everything: `make two-hosts`, as root on Linux.

Each host is a network namespace with a worker and an order consumer; queue, stores, Prefect's server and the API stay
where this program runs. Whatever the lost host held is done by the other one, nothing twice, also when it comes back.
"""

import contextlib
import dataclasses
import datetime as dt
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from signtally import wiring
from signtally.domain.deliveries import MailState
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.tenants import TenantProfile
from signtally.local.local_aws import LocalAws
from signtally.local.prefect_api import PrefectApi
from signtally.local.processes import Program, Supervisor
from signtally.local.stack import Stack
from signtally.loopback import LOOPBACK, free_port
from signtally.ports.queue import QueueDepth
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases.delivering import all_deliveries
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.scheduling import run_schedules
from tests.soak.portal import ZONES, Portal
from tests.soak.readers import Order, Readers
from tests.support.relay import Relay

_IP = shutil.which("ip") or "/sbin/ip"
TENANTS, EVENTS, ORDERS = 12, 6_000, 40
TAKEN_OVER_SECONDS = 120
_LEASE = dt.timedelta(minutes=16)  # longer than anybody may be at a report or an email
_AWAY_SECONDS = 60  # longer, after all is done, that the lost host stays away
_POLL_SECONDS = 0.5
_FLOWS = ("ingest/ingest", "aggregate/aggregate", "scheduled-reports/scheduled-reports", "digests/digests")


@dataclasses.dataclass(frozen=True)
class Host:
    """A network namespace; *gateway* is this program's end of the only cable that it has."""

    name: str
    gateway: str
    address: str

    @property
    def cable(self) -> str:
        return f"{self.name}-near"

    def plug_in(self) -> None:
        far = f"{self.name}-far"
        _ip("netns", "add", self.name)
        _ip("link", "add", self.cable, "type", "veth", "peer", "name", far, "netns", self.name)
        _ip("addr", "add", f"{self.gateway}/30", "dev", self.cable)
        _ip("-n", self.name, "addr", "add", f"{self.address}/30", "dev", far)
        _ip("-n", self.name, "link", "set", far, "up")
        _ip("-n", self.name, "link", "set", "lo", "up")
        self.connect()

    def connect(self) -> None:
        _ip("link", "set", self.cable, "up")

    def cut_off(self) -> None:
        """Nobody is told: what it sends and what is sent to it is lost."""
        _ip("link", "set", self.cable, "down")

    def remove(self) -> None:
        for arguments in (["link", "delete", self.cable], ["netns", "delete", self.name]):
            subprocess.run([_IP, *arguments], check=False, stderr=subprocess.DEVNULL)

    def program(self, name: str, module: str, *options: str, stack: Stack) -> Program:
        """One that runs there, and reaches everything at the gateway."""
        command = ["ip", "netns", "exec", self.name, sys.executable, "-m", module, *options]
        near = {key: text.replace(LOOPBACK, self.gateway) for key, text in stack.environment.items()}
        return Program(name=f"{self.name} {name}", command=command, environment=near)

    def programs(self, stack: Stack) -> list[Program]:
        options = ["--name", self.name, "--pool", "signtally", "--limit", "3", "--warm-up", "tasks.services:services"]
        worker = self.program("worker", "warm_worker", "--query-seconds", "1", *options, stack=stack)
        return [worker, self.program("orders", "flows.report_orders", stack=stack)]


class StackOfHosts(Stack):
    """A stack whose own worker and consumer run on a host."""

    __slots__ = ()
    host: Host

    def _worker(self) -> Program:
        return self.host.programs(self)[0]

    def _order_consumer(self) -> Program:
        return self.host.programs(self)[1]


FIRST, SECOND = Host("tally-a", "10.88.1.1", "10.88.1.2"), Host("tally-b", "10.88.2.1", "10.88.2.2")
StackOfHosts.host = FIRST


class Log:
    """What programs say; which host runs which flow run."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("w")
        self.taken_by: dict[str, str] = {}  # flow run → worker

    def __call__(self, line: str) -> None:
        self._file.write(f"{dt.datetime.now(dt.UTC):%H:%M:%S} {line}\n")
        self._file.flush()
        if found := re.search(r"Worker '([\w-]+)' submitting flow run '([\w-]+)'", line):
            self.taken_by[found[2]] = found[1]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        log = Log(Path("two-hosts.log").absolute())
        stack = StackOfHosts(LocalAws(free_port(0), free_port(0), Path(folder) / "aws"), free_port(0), free_port(0))
        os.environ["SIGNTALLY_STATE_DIRECTORY"] = f"{folder}/state"
        for host in (FIRST, SECOND):
            host.remove()
            running.callback(host.remove)
            host.plug_in()
            for port in (stack.aws.port, stack.aws.timestream_port, stack.prefect_port):
                running.callback(Relay(port, address=host.gateway, port=port).off)
        supervisor = running.enter_context(Supervisor(log=log))
        stack.start(supervisor, log=log)
        for program in SECOND.programs(stack):
            supervisor.start(program)
        _trial(stack, log, wiring.services(Settings()))


def _trial(stack: Stack, log: Log, services: Services) -> None:
    chance = random.Random(1)  # noqa: S311 -- repeatable
    portal = Portal(services, chance=chance)
    portal.move_in(*(TenantProfile(tenant_id=tenant, timezone=zone) for tenant, zone in ZONES.items()))
    for number in range(TENANTS):
        services.stores.tenants.put(_with_digest(number))
    readers = Readers(stack.page_url, services.settings, tenants=[*ZONES], chance=chance)
    with contextlib.closing(readers), contextlib.closing(PrefectApi(f"{stack.prefect_url}/api")) as prefect:
        portal.wave(ZONES, events=EVENTS)
        runs = {name: prefect.start(name, {})["id"] for name in _FLOWS}
        enough = threading.Event()
        ordering = threading.Thread(target=readers.order_until, args=[enough], kwargs={"every_seconds": 0.05})
        ordering.start()
        _until(lambda: services.queue.depth().in_flight > 0, "no ingest began", seconds=120)
        _until(lambda: len(readers.taken) >= ORDERS, "too few orders were taken")
        enough.set()
        ordering.join()
        lost = FIRST if log.taken_by.get(runs["ingest/ingest"], FIRST.name) == FIRST.name else SECOND
        held = services.queue.depth()
        lost.cut_off()
        began = time.monotonic()
        _say(f"{lost.name} is cut off: it ran {Counter(log.taken_by.values())[lost.name]} flows; {held}")
        took = {
            "orders": _seconds(readers.expect_all_ready, began),
            "events": _seconds(lambda: _until_drained(services), began),
        }
        _say(f"taken over after: {', '.join(f'{name} {seconds:.0f} s' for name, seconds in took.items())}")
        threading.Event().wait(_AWAY_SECONDS)
        lost.connect()
        _say(f"{lost.name} is back")
        threading.Event().wait(_AWAY_SECONDS)
        _deliver_what_was_claimed(services)
        portal.wave(ZONES, events=200)
        _until(lambda: portal.differences() == [], "figures differ")
        _expect_each_once(stack, services, set(readers.taken))
        assert max(took.values()) <= TAKEN_OVER_SECONDS, took
    _say("every event counted once, every order made once, every email sent once")


def _with_digest(number: int) -> TenantProfile:
    recipients = (Recipient(email=f"ann@tenant{number}.example"),)
    daily = Schedule(name="Daily", every="day", at="00:00", formats=("csv",), recipients=recipients)
    return TenantProfile(tenant_id=f"tenant-{number}", schedules=(daily,))


def _until_drained(services: Services) -> None:
    _until(lambda: services.queue.depth() == QueueDepth(0, 0), "events wait")


def _deliver_what_was_claimed(services: Services) -> None:
    """As the runs a quarter of an hour later do: until then what a lost host has claimed is taken for its own."""
    later = services.at(services.clock() + _LEASE)
    run_schedules(services=later)
    run_digests(services=later)


def _expect_each_once(stack: Stack, services: Services, orders: Iterable[Order]) -> None:
    for order in orders:
        assert len(services.stores.reports.versions(order.tenant_id, order.report_id)) == 1, order
    found = {each.delivery.email: each.delivery.state for each in all_deliveries(services=services)}
    copies = Counter(recipient for mail in stack.aws.mails() for recipient in mail["To"])
    _say(f"emails: {dict(Counter(found.values()))}")
    assert len(found) == TENANTS, found
    for email, state in found.items():
        assert state in {MailState.SENT, MailState.IN_DOUBT}, (email, state)
        assert copies[email] == 1 if state is MailState.SENT else copies[email] <= 1, (email, state)


def _until(is_so: Callable[[], bool], otherwise: str, *, seconds: float = 300) -> None:
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not is_so():
        assert time.monotonic() < deadline, otherwise
        pause.wait(_POLL_SECONDS)


def _seconds(wait: Callable[[], object], began: float) -> float:
    wait()
    return time.monotonic() - began


def _ip(*arguments: str) -> None:
    subprocess.run([_IP, *arguments], check=True)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
