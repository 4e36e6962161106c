"""Ingest killed with SIGKILL, in processes of its own against the local AWS: what is stored is what was sent."""

import dataclasses
import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signtally.aws.clients import AwsClients
from signtally.aws.sqs import SqsEventQueue
from signtally.domain.actions import Action
from signtally.ports.queue import OutgoingMessage, QueueDepth, QueuedMessage
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.freshness import Freshness
from signtally.stores.touched import TouchedHour, TouchedNotes
from signtally.use_cases.ingesting import drain

SCRIPT = Path(__file__).with_name("announced_ingest.py")
VISIBILITY_SECONDS = 5
TENANTS = [f"tenant {number}" for number in range(12)]
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
GOOD_BUT_FOR_ITS_TENANT = {
    "specversion": "1.0",
    "id": "j",
    "source": "/portal",
    "type": "document.sent",
    "time": "2026-10-01T00:00:00Z",
    "data": {"user_id": "u", "document_id": "d"},
}
# Each piece is one of a kind, so that it is missed when it is lost. What is no object comes as a body of its own.
JUNK: dict[str, Callable[[int], str]] = {
    "not-json": lambda number: f"{{ {number}",
    "not-an-event": str,
    "bad-specversion": lambda number: json.dumps({"specversion": "0.3", "number": number}),
    "bad-tenant-id": lambda number: json.dumps(GOOD_BUT_FOR_ITS_TENANT | {"number": number}),
}


@dataclasses.dataclass
class Traffic:
    """Seeded; counted here, beside the sender, by plain Python."""

    parts: list[str] = dataclasses.field(default_factory=list)
    counts: Counter[tuple[str, str, str]] = dataclasses.field(default_factory=Counter)  # tenant, user, action
    junk: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)  # reason, body
    hours: set[TouchedHour] = dataclasses.field(default_factory=set)

    def add_event(self, number: int, *, now: dt.datetime, chance: random.Random) -> None:
        tenant, user, action = chance.choice(TENANTS), f"u{chance.randrange(5)}", chance.choice(list(Action))
        # Late ones and imports among them: most of a fortnight, some of years ago.
        age = dt.timedelta(days=chance.uniform(400, 3_000) if number % 50 == 0 else chance.uniform(0, 14))
        moment = (now - age).replace(microsecond=0)
        data = {"tenant_id": tenant, "user_id": user, "document_id": f"d{number}"}
        event = {"specversion": "1.0", "id": f"e{number}", "source": "/portal", "type": action.event_type}
        copies = 2 if number % 10 == 0 else 1
        self.parts += [json.dumps(event | {"time": moment.isoformat(), "data": data})] * copies
        self.counts[tenant, user, action.value] += 1
        self.hours.add(TouchedHour.of(tenant, moment))

    def add_junk(self, number: int, *, chance: random.Random) -> None:
        reason = chance.choice(list(JUNK))
        part = JUNK[reason](number)
        self.parts.append(part)
        self.junk[reason, part] += 1

    def bodies(self, chance: random.Random) -> Iterator[str]:
        """In any order; objects alone or in batches."""
        remaining = deque(chance.sample(self.parts, len(self.parts)))
        while remaining:
            batch = [remaining.popleft()]
            while remaining and chance.random() < 0.3 and all(part.startswith('{"') for part in (*batch, remaining[0])):
                batch.append(remaining.popleft())
            yield batch[0] if len(batch) == 1 else f"[{','.join(batch)}]"


def send_traffic(services: Services, size: int, *, chance: random.Random) -> Traffic:
    sent = Traffic()
    for number in range(size):
        sent.add_event(number, now=services.clock(), chance=chance)
        if number % 40 == 0:
            sent.add_junk(number, chance=chance)
    services.queue.send([OutgoingMessage(body) for body in sent.bodies(chance)])
    return sent


def start_ingest(settings: Settings) -> subprocess.Popen[str]:
    names = {
        "SIGNTALLY_QUEUE": settings.queue,
        "SIGNTALLY_DEAD_LETTER_QUEUE": settings.dead_letter_queue,
        "SIGNTALLY_BUCKET": settings.bucket,
        "SIGNTALLY_DATABASE": settings.database,
    }
    command = [sys.executable, str(SCRIPT), str(VISIBILITY_SECONDS)]
    return subprocess.Popen(command, env=os.environ | names, stdout=subprocess.PIPE, text=True)


def kill_at(process: subprocess.Popen[str], moment: str, *, times: int) -> None:
    """Kill when it has said *moment* so many times, or let it end."""
    assert process.stdout is not None
    for line in process.stdout:
        times -= line.strip() == moment
        if times <= 0:
            process.send_signal(signal.SIGKILL)
            break
    process.stdout.close()
    process.wait()


def letters(services: Services) -> list[QueuedMessage]:
    found: list[QueuedMessage] = []
    while some := services.dead_letters.receive(wait_seconds=0):
        found += some
    return found


def stored_counts(services: Services) -> Counter[tuple[str, str, str]]:
    long_ago, later = dt.datetime(2010, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    events = services.usage_store.events(since=long_ago, until=later, tenant_ids=TENANTS)
    assert events["event_id"].is_unique().all()
    return Counter(events.select("tenant_id", "user_id", "action").iter_rows())


@pytest.fixture
def impatient_services(real_services: Services) -> Services:
    """What a dead run held comes back within seconds."""
    settings = real_services.settings
    queue = SqsEventQueue(AwsClients().sqs, name=settings.queue, visibility_seconds=VISIBILITY_SECONDS)
    return dataclasses.replace(real_services, queue=queue)


@pytest.mark.timeout(240)
def test_no_kill_loses_or_doubles_an_event(impatient_services: Services) -> None:
    services = impatient_services
    chance = random.Random(20261003)  # noqa: S311 -- the same test every time
    sent = send_traffic(services, 5_000, chance=chance)
    for moment in chance.sample(MOMENTS, 5):
        processes = [start_ingest(services.settings) for _ in range(2)]  # side by side; both are killed
        for process in processes:
            kill_at(process, moment, times=chance.randrange(1, 6))
    drain(services=services)

    assert services.queue.depth() == QueueDepth(0, 0)
    assert stored_counts(services) == sent.counts
    dead = letters(services)
    assert {(letter.attributes["reason"], letter.body) for letter in dead} == set(sent.junk)
    noted = {hour for note in TouchedNotes(services.objects).pending() for hour in note.hours}
    assert sent.hours <= noted
    settled = Freshness(services.objects).settled_through()
    assert settled is not None
    assert services.clock() - settled < dt.timedelta(minutes=1)


def test_a_terminated_ingest_finishes_what_it_holds(impatient_services: Services) -> None:
    services = impatient_services
    sent = send_traffic(services, 600, chance=random.Random(7))  # noqa: S311 -- the same test every time
    process = start_ingest(services.settings)
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "usage_store.put_events begins":
            process.terminate()
            break
    process.communicate()
    assert process.returncode == -signal.SIGTERM
    assert services.queue.depth().in_flight == 0
    drain(services=services)
    assert stored_counts(services) == sent.counts
    assert Counter((letter.attributes["reason"], letter.body) for letter in letters(services)) == sent.junk
