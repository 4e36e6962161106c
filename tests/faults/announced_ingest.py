"""An ingest that says on stdout what it is about to do and what it has done, so that it can be killed in between."""

import dataclasses
import sys
from collections.abc import Callable, Sized
from typing import Any

from signtally import wiring
from signtally.aws.clients import AwsClients
from signtally.aws.sqs import SqsEventQueue
from signtally.cli.signals import stop_on_signals
from signtally.use_cases.ingesting import IngestConfig, drain

DRAINED = "drained"


class Announced:
    """A port whose calls are announced: "queue.receive begins", "queue.receive ended 10" with how many it was about."""

    def __init__(self, port: object, name: str) -> None:
        self._port = port
        self._name = name

    @property
    def visibility_seconds(self) -> int:
        return getattr(self._port, "visibility_seconds", 0)

    @property
    def limits(self) -> Any:
        return self._port.limits  # type: ignore[attr-defined]

    @property
    def text_limit_bytes(self) -> int:
        return getattr(self._port, "text_limit_bytes", 0)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        call = getattr(self._port, method)

        def announced(*arguments: Any, **options: Any) -> Any:
            _say(f"{self._name}.{method} begins")
            result = call(*arguments, **options)
            sizes = (len(each) for each in (*arguments, result) if isinstance(each, Sized))
            _say(f"{self._name}.{method} ended {next(sizes, '')}")
            return result

        return announced


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")  # one write a line: it comes from many threads
    sys.stdout.flush()


def main(visibility_seconds: int) -> None:
    services = wiring.services()
    queue = SqsEventQueue(AwsClients().sqs, name=services.settings.queue, visibility_seconds=visibility_seconds)
    announced: dict[str, Any] = {
        "queue": Announced(queue, "queue"),
        "dead_letters": Announced(services.dead_letters, "dead_letters"),
        "usage_store": Announced(services.usage_store, "usage_store"),
        "objects": Announced(services.objects, "objects"),
    }
    config = IngestConfig(commit_events=200, commit_interval_seconds=0.1)
    with stop_on_signals() as stop:
        drain(services=dataclasses.replace(services, **announced), config=config, stop=stop)
    _say(DRAINED)


if __name__ == "__main__":
    main(int(sys.argv[1]))
