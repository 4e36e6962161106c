"""Ingest killed with SIGKILL, in processes of its own against the local AWS: what is stored is what was sent."""

import dataclasses
import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from signtally import wiring
from signtally.aws.clients import AwsClients
from signtally.aws.sqs import SqsEventQueue
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases import provisioning
from tests.support.commands import names_of
from tests.support.examples import SOAK, sized
from tests.support.portal_traffic import send_portal_traffic

SCRIPT = Path(__file__).with_name("announced_ingest.py")
VISIBILITY_SECONDS = 5
MOMENTS = (
    "queue.receive ended",
    "usage_store.put_events begins",
    "usage_store.put_events ended",
    "objects.put begins",
    "objects.put ended",
    "dead_letters.send begins",
    "dead_letters.send ended",
    "queue.delete begins",
    "queue.delete ended",
)
STORES = ["timestream", "postgresql"] if SOAK else ["timestream"]
KILLS_A_MOMENT = sized(1, soak=3)
FEWEST_KILLS = sized(6, soak=20)
EVENTS = sized(10_000, soak=30_000)


@dataclasses.dataclass(frozen=True)
class Death:
    """When to send a signal: at the moment's so-manieth occurrence."""

    moment: str
    times: int
    by: signal.Signals = signal.SIGKILL


@dataclasses.dataclass(frozen=True)
class Life:
    """What a process said until its end."""

    said: list[str]
    returncode: int

    @property
    def was_killed_at_work(self) -> bool:
        """It had messages in flight that it had not deleted, and it did not end by itself."""
        in_flight = self._total("queue.receive ended") - self._total("queue.delete ended")
        return self.returncode == -signal.SIGKILL and in_flight > 0

    def _total(self, what: str) -> int:
        return sum(int(line.removeprefix(what)) for line in self.said if re.fullmatch(rf"{what} \d+", line))


class Ingests:
    """Drains of one queue in processes of their own."""

    def __init__(self, settings: Settings) -> None:
        self._environment = os.environ | names_of(settings)
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()

    def _start(self) -> "subprocess.Popen[str]":
        command = [sys.executable, str(SCRIPT), str(VISIBILITY_SECONDS)]
        process = subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE, text=True)
        with self._lock:
            self._running.add(process)
        return process

    def live(self, death: Death | None = None) -> Life:
        """Run one to its end, or to its *death*."""
        process = self._start()
        said: list[str] = []
        left = death.times if death else 0
        for line in _lines(process):
            said.append(line)
            if death and line.startswith(death.moment):
                left -= 1
                if not left:
                    process.send_signal(death.by)
        return Life(said, process.wait())

    def kill_all(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()


def _lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            yield line.strip()


@pytest.fixture(params=STORES)
def short_visibility_services(request: pytest.FixtureRequest, real_settings: Settings) -> Services:
    """What a dead run had in flight comes back within seconds."""
    request.getfixturevalue("local_aws")
    settings = real_settings
    if request.param == "postgresql":
        address = request.getfixturevalue("postgresql")
        settings = settings.model_copy(update={"usage_store": SecretStr(address)})
    real_services = wiring.services(settings)
    provisioning.provision(services=real_services)
    queue = SqsEventQueue(AwsClients().sqs, name=settings.queue, visibility_seconds=VISIBILITY_SECONDS)
    return dataclasses.replace(real_services, queue=queue)


@pytest.fixture
def ingests(short_visibility_services: Services) -> Iterator[Ingests]:
    ingests = Ingests(short_visibility_services.settings)
    yield ingests
    ingests.kill_all()


@pytest.mark.timeout(600)  # a busy machine; alone it takes half a minute
def test_no_kill_loses_or_doubles_an_event(short_visibility_services: Services, ingests: Ingests, seed: int) -> None:
    """Always two drains at once. Each dies at a moment of its own until all deaths are died; the last two finish."""
    sent = send_portal_traffic(short_visibility_services, events=EVENTS, seed=seed)
    chance = random.Random(seed)  # noqa: S311 -- deaths, not secrets
    deaths = [Death(moment, chance.randrange(1, 16)) for moment in MOMENTS * KILLS_A_MOMENT]
    chance.shuffle(deaths)
    with ThreadPoolExecutor(2) as drains:
        lives = list(drains.map(ingests.live, deaths))
        last = list(drains.map(ingests.live, [None, None]))
    killed = [death for death, life in zip(deaths, lives, strict=True) if life.was_killed_at_work]
    sys.stdout.writelines(f"killed at the {death.times}. {death.moment}\n" for death in killed)
    assert len(killed) >= FEWEST_KILLS
    assert [life.returncode for life in last] == [0, 0]
    sent.expect_settled(short_visibility_services)


def test_a_terminated_ingest_finishes_what_it_holds(
    short_visibility_services: Services, ingests: Ingests, seed: int
) -> None:
    sent = send_portal_traffic(short_visibility_services, events=1_500, seed=seed)
    life = ingests.live(Death("usage_store.put_events begins", 1, by=signal.SIGTERM))
    assert life.returncode == -signal.SIGTERM
    assert short_visibility_services.queue.depth().in_flight == 0
    assert ingests.live().returncode == 0
    sent.expect_settled(short_visibility_services)
