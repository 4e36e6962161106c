"""A service that fails in every way: microburst before one of the servers."""

import contextlib
import dataclasses
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from signtally.local.processes import Program
from signtally.loopback import LOOPBACK
from tests.support.ports import free_port
from tests.support.switched_aws import Switch

_SCRIPT = Path(__file__).parents[1] / "faults" / "seeded_microburst.py"
# Shares of all requests. The reset comes when the server has acted, in place of its answer.
FAULTS = (
    (0.20, "throttled", {"error": {"code": "ThrottlingException"}}),
    (0.05, "failed", {"error": {"code": "InternalServerException", "status": 500}}),
    (0.05, "unavailable", {"error": {"code": "ServiceUnavailable", "status": 503}}),
    (0.15, "reset", {"response": {"abort_bytes": 0}}),
    (0.10, "late", {"latency": 200}),  # milliseconds
)


@dataclasses.dataclass(frozen=True)
class Burst:
    """A microburst before one server."""

    url: str

    def blow(self) -> None:
        self._control("POST", json=list(_rules()))

    def calm(self) -> Counter[str]:
        """Stop failing; how often it failed in which way."""
        fired = [rule["fired_count"] for rule in self._control("GET").json()]
        self._control("POST", json=[])
        return Counter(dict(zip((name for _, name, _ in FAULTS), fired, strict=True)))

    def _control(self, method: str, **options: Any) -> httpx.Response:
        return httpx.request(method, f"{self.url}/_microburst/rules", **options).raise_for_status()


def _rules() -> Iterator[dict[str, object]]:
    """The first rule that strikes is the only one: each gets its share of what those before it leave over."""
    left = 1.0
    for share, _, effect in FAULTS:
        yield {"probability": share / left, **effect}
        left -= share


@contextlib.contextmanager
def burst_before(server_port: int, seed: int) -> Iterator[Burst]:
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    command = [sys.executable, str(_SCRIPT), str(port), f"http://{LOOPBACK}:{server_port}", str(seed)]
    switch = Switch(Program("microburst", command, health_url=f"{url}/_microburst/health"))
    switch.on()
    try:
        yield Burst(url)
    finally:
        switch.off()
