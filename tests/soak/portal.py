"""A portal that sends whatever happens, and counts beside it by plain Python what must come of it."""

import datetime as dt
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.tenants import TenantProfile
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from tests.support.generated_year import ACTIONS

ZONES = {"soak-berlin": "Europe/Berlin", "soak-kathmandu": "Asia/Kathmandu", "soak-st-johns": "America/St_Johns"}
_JUNK = ("no JSON", "[]", '{"specversion": "0.3"}', '{"specversion": "1.0", "type": "document.archived"}')
_AGAIN, _SPOILT = 0.1, 0.02
_DAYS = 3  # that waves reach back
_MESSAGES_AT_ONCE = 50
_TIMEOUT_SECONDS = 180

Row = tuple[str, str, dt.date]  # tenant, user, local day


class Portal:
    """Sends events of *zones*' tenants through the queue; `truth` is what must be counted."""

    def __init__(self, services: Services, *, chance: random.Random) -> None:
        self.truth: dict[Row, Counter[str]] = {}
        self.junk = 0
        self._services = services
        self._chance = chance
        self._number = 0
        self._zones: dict[str, ZoneInfo] = {}

    def move_in(self, *profiles: TenantProfile) -> None:
        for profile in profiles:
            self._services.stores.tenants.put(profile)
            self._zones[profile.tenant_id] = ZoneInfo(profile.timezone)

    def wave(self, tenants: Iterable[str], *, events: int) -> None:
        """Actions of the last days, some of them sent twice, and junk between them."""
        now, known, bodies = dt.datetime.now(dt.UTC), [*tenants], list[str]()
        for _ in range(events):
            instant = now - dt.timedelta(seconds=self._chance.randrange(_DAYS * 86_400))
            user = f"u_{self._chance.randrange(5)}"
            body = self._event(self._chance.choice([*ACTIONS]), self._chance.choice(known), user, instant)
            bodies += [body] * (1 + (self._chance.random() < _AGAIN))
            if self._chance.random() < _SPOILT:
                bodies.append(self._chance.choice(_JUNK))
                self.junk += 1
        self._chance.shuffle(bodies)
        self._send(bodies)

    def history(self, tenant_id: str, *, sent_on: Iterable[tuple[dt.date, int]]) -> None:
        """So many documents sent at noon of each day."""
        bodies = []
        for day, many in sent_on:
            noon = dt.datetime.combine(day, dt.time(12), self._zones[tenant_id]).astimezone(dt.UTC)
            bodies += [self._event("document.sent", tenant_id, "u_1", noon) for _ in range(many)]
        self._send(bodies)

    def totals(self, tenant_id: str) -> Counter[str]:
        total: Counter[str] = Counter()
        for (tenant, _, _), counts in self.truth.items():
            if tenant == tenant_id:
                total += counts
        return total

    def differences(self) -> list[str]:
        """One line for each user and day whose stored figures are not what was sent."""
        days = [day for _, _, day in self.truth]
        stored = self._services.usage_store.daily_usage(
            first=min(days), last=max(days) + dt.timedelta(days=1), tenant_ids=sorted(self._zones)
        )
        found = {row: counts for row, counts in map(_counted, _rows(stored)) if counts}
        return [
            f"{row}: sent {self.truth.get(row)}, stored {found.get(row)}"
            for row in sorted({*self.truth, *found})
            if self.truth.get(row) != found.get(row)
        ]

    def _event(self, type_: str, tenant_id: str, user_id: str, instant: dt.datetime) -> str:
        self._number += 1
        day = instant.astimezone(self._zones[tenant_id]).date()
        self.truth.setdefault((tenant_id, user_id, day), Counter())[ACTIONS[type_]] += 1
        data = {
            "tenant_id": tenant_id,
            "user_id": user_id,
            "document_id": f"d{self._number}",
            "user_email": f"{user_id}@{tenant_id}.example",
            "user_name": f"User {user_id}",
        }
        return json.dumps(
            {
                "specversion": "1.0",
                "id": f"e{self._number}",
                "source": "/soak",
                "type": type_,
                "time": instant.isoformat(),
                "data": data,
            }
        )

    def _send(self, bodies: list[str]) -> None:
        """As a portal does: again, until the queue has taken it. What it took before comes twice, and counts once."""
        deadline, pause = time.monotonic() + _TIMEOUT_SECONDS, threading.Event()
        for begin in range(0, len(bodies), _MESSAGES_AT_ONCE):
            messages = [OutgoingMessage(body) for body in bodies[begin : begin + _MESSAGES_AT_ONCE]]
            while True:
                try:
                    self._services.queue.send(messages)
                    break
                except ServiceUnavailableError:
                    assert time.monotonic() < deadline, "the queue takes nothing"
                    pause.wait(0.5)


def _rows(stored: pl.DataFrame) -> Iterable[dict[str, object]]:
    return stored.iter_rows(named=True)


def _counted(row: dict[str, object]) -> tuple[Row, Counter[str]]:
    day = row["day"]
    assert isinstance(day, dt.date)
    counts = Counter({measure: int(str(row[measure])) for measure in MEASURES})
    return (str(row["tenant_id"]), str(row["user_id"]), day), +counts
