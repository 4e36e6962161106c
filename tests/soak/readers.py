"""People who order reports: each order that the API takes is made, and says what was sent."""

import dataclasses
import datetime as dt
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from signtally.development_key import development_token
from signtally.settings import Settings

_TIMEOUT_SECONDS = 240
_POLL_SECONDS = 0.5
_FORMATS = (("csv",), ("json",), ("csv", "xlsx"), ("pdf",))
_LATER = {404, 502, 503, 504}  # what a reader is told while something is away


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    tenant_id: str
    report_id: str


class Readers:
    """Order at random; `taken` are the orders that the API took, `turned_away` counts what else it answered."""

    def __init__(self, url: str, settings: Settings, *, tenants: Sequence[str], chance: random.Random) -> None:
        self.taken: list[Order] = []
        self.turned_away: Counter[str] = Counter()
        self._chance = chance
        self._clients = {tenant: _client(url, settings, tenant) for tenant in tenants}

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def order_until(self, stop: threading.Event, *, every_seconds: float) -> None:
        while not stop.wait(every_seconds):
            day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=self._chance.randrange(1, 200))
            tenant_id, formats = self._chance.choice([*self._clients]), self._chance.choice(_FORMATS)
            try:
                answer = self._clients[tenant_id].post("/v1/reports", json={"period": str(day), "formats": formats})
            except httpx.HTTPError as error:
                self.turned_away[type(error).__name__] += 1
                continue
            if answer.status_code in {200, 202}:
                self.taken.append(Order(tenant_id, answer.json()["report_id"]))
            else:
                assert answer.status_code in _LATER, answer.text
                self.turned_away[str(answer.status_code)] += 1

    def expect_all_ready(self) -> None:
        """Wait for each order that was taken."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        for order in set(self.taken):
            self._ready(order, deadline=deadline)

    def totals(self, tenant_id: str, *, since: dt.date) -> Mapping[str, int]:
        """Of a report from *since* until today, made now."""
        today = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)  # the API cuts off what has not come yet
        asked = {"from": str(since), "to": str(today), "formats": ["json"]}
        answer = self._clients[tenant_id].post("/v1/reports", json=asked).raise_for_status().json()
        report = self._ready(Order(tenant_id, answer["report_id"]), deadline=time.monotonic() + _TIMEOUT_SECONDS)
        totals: dict[str, int] = report["totals"]
        usage = self._clients[tenant_id].get("/v1/usage", params={"from": str(since), "to": str(today)})
        assert usage.raise_for_status().json()["totals"] == totals
        return totals

    def _ready(self, order: Order, *, deadline: float) -> Any:
        pause = threading.Event()
        while True:
            report = self._clients[order.tenant_id].get(f"/v1/reports/{order.report_id}").raise_for_status().json()
            if report["status"] == "ready":
                return report
            assert report["status"] != "failed", report
            assert time.monotonic() < deadline, f"{order} is stuck: {report}"
            pause.wait(_POLL_SECONDS)


def _client(url: str, settings: Settings, tenant_id: str) -> httpx.Client:
    hour = dt.timedelta(hours=12)
    token = development_token(settings=settings, tenant_id=tenant_id, user_id="ann", role="tenant_admin", ttl=hour)
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
