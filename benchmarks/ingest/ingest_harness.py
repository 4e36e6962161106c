"""What the benchmarks beside this file share: a local AWS with a quick queue, a slow network to it, and traffic."""

import contextlib
import dataclasses
import datetime as dt
import json
import os
import sys
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # local_stack

from local_stack import running_aws

from signtally import wiring
from signtally.aws.clients import AwsClients
from signtally.domain.actions import Action
from signtally.local.local_aws import LocalAws
from signtally.local.processes import Program, Supervisor
from signtally.loopback import LOOPBACK, free_port
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases import provisioning

_HERE = Path(__file__).parent
_SENDERS = 4
_TYPES = [action.event_type for action in Action]
_SINCE = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=2)


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """The ports of a local AWS of which the queue is quick_queue.py; boto3 finds it by *environment*."""

    aws: LocalAws
    queue_port: int

    @property
    def environment(self) -> dict[str, str]:
        return {**self.aws.environment, "AWS_ENDPOINT_URL_SQS": f"http://{LOOPBACK}:{self.queue_port}"}


@contextlib.contextmanager
def place() -> Iterator[Place]:
    """One with nothing in it, to which the environment points."""
    port = free_port(0)
    queue = _script("quick_queue.py", str(port), health=f"{port}/health")
    with running_aws(lambda _: [queue]) as (aws, _):
        new = Place(aws, port)
        os.environ.update(new.environment)
        yield new


@contextlib.contextmanager
def slow_network(to: Place, *, milliseconds: float) -> Iterator[None]:
    """Every request of clients made within takes so much longer."""
    near = Place(LocalAws(free_port(0), free_port(0), to.aws.data), free_port(0))
    roads = [
        (near.aws.port, to.aws.port, "_ministack/health"),
        (near.aws.timestream_port, to.aws.timestream_port, "_timestream_local/health"),
        (near.queue_port, to.queue_port, "health"),
    ]
    with Supervisor(log=_to_stderr) as supervisor:
        for port, server_port, health in roads:
            arguments = [str(port), str(server_port), str(milliseconds)]
            supervisor.start(_script("slow_network.py", *arguments, health=f"{port}/{health}"))
        supervisor.wait_until_ready()
        os.environ.update(near.environment)
        try:
            yield
        finally:
            os.environ.update(to.environment)


def fresh_services() -> Services:
    """Queues, tables and a bucket of their own, empty."""
    name = f"bench-{uuid.uuid4().hex[:12]}"
    services = wiring.services(Settings(queue=name, dead_letter_queue=f"{name}-dead", bucket=name, database=name))
    provisioning.provision(services=services)
    return services


def body(first: int, events: int = 1) -> str:
    """A message as a portal sends it: one event, or several as a batch; the same number is the same event."""
    elements = [_event(number) for number in range(first, first + events)]
    return json.dumps(elements if events > 1 else elements[0])


def fill(services: Services, events: range, *, events_a_message: int = 1) -> None:
    """Return when all are on the queue."""
    firsts = events[::events_a_message]

    def send(ten: Sequence[int]) -> None:
        services.queue.send([OutgoingMessage(body(first, events_a_message)) for first in ten])

    with ThreadPoolExecutor(_SENDERS) as senders:
        for _ in senders.map(send, (firsts[number : number + 10] for number in range(0, len(firsts), 10))):
            pass


def stored(services: Services) -> int:
    """Events in the table; each was counted once when it is as many as were sent, and nothing waits or is dead."""
    for queue in (services.queue, services.dead_letters):
        depth = queue.depth()
        assert (depth.visible, depth.in_flight) == (0, 0), depth
    table = f'"{services.settings.database}"."events"'
    select = f"SELECT count(*), count(DISTINCT event_id) FROM {table}"  # noqa: S608 -- the table is our own
    answer = AwsClients().timestream_query.query(QueryString=select)
    rows, distinct = (int(datum["ScalarValue"]) for datum in answer["Rows"][0]["Data"])
    assert rows == distinct
    return rows


def row(*cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def _event(number: int) -> dict[str, object]:
    tenant, user, document = number % 48, number % 960, number // 5
    data = {
        "tenant_id": f"tenant-{tenant:02}",
        "user_id": f"u_{user:04}",
        "document_id": f"doc_{document:07}",
        "user_email": f"user.{user:04}@tenant-{tenant:02}.example",
        "user_name": f"User {user:04}",
    }
    return {
        "specversion": "1.0",
        "id": f"01JB2{number:021}",
        "source": "/portal/documents",
        "type": _TYPES[number % len(_TYPES)],
        "time": (_SINCE + dt.timedelta(milliseconds=100 * number % 86_400_000)).isoformat(),
        "subject": f"doc_{document:07}",
        "data": data,
    }


def _script(name: str, *arguments: str, health: str) -> Program:
    command = [sys.executable, str(_HERE / name), *arguments]
    return Program(name=f"{name} {arguments[0]}", command=command, health_url=f"http://{LOOPBACK}:{health}")


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)
