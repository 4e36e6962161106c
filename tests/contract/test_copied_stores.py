"""Moving house between the real stores, and back: the figures stay, and what the other cannot have is left behind."""

import dataclasses
import datetime as dt

import pytest

from signtally import wiring
from signtally.domain.events import ReceivedEvent
from signtally.ports.usage_store import UsageStore
from signtally.services import Services
from signtally.use_cases import aggregating
from signtally.use_cases.copying import copy_store
from signtally.use_cases.reconciling import reconcile
from tests.support.usage_stores import DAY, NOW, event, usage_of

TENANTS = ("acme", "bolt")


def over(services: Services, store: UsageStore) -> Services:
    return dataclasses.replace(services, usage_store=store)


@pytest.fixture
def counted(real_services: Services) -> Services:
    """Two tenants around a month's end and lately, and one id that came twice with other times."""
    events = [event(n, NOW - n * 3 * DAY, tenant_id=TENANTS[n % 2], user_id=f"u{n % 3}") for n in range(1, 12)]
    again = event(3, NOW - 9 * DAY, tenant_id="bolt")
    later = dataclasses.replace(again, received_at=NOW + dt.timedelta(seconds=9), message_id="again")
    write(real_services, [*events, later])
    reconcile(services=real_services)
    return real_services


def write(services: Services, events: list[ReceivedEvent]) -> None:
    services.usage_store.put_events(events)
    services.stores.touched_hours.append(each.event for each in events)
    aggregating.aggregate_touched(services=services)


def test_to_postgresql_and_back(counted: Services, postgresql_store: UsageStore) -> None:
    there = over(counted, postgresql_store)
    first = copy_store(counted, there)
    assert first.is_level
    assert (first.copied.written, first.copied.unlike) == (11, 0)
    assert usage_of(there.usage_store, *TENANTS).equals(usage_of(counted.usage_store, *TENANTS))

    elsewhere = counted.settings.model_copy(update={"database": f"{counted.settings.database}-back"})
    back = over(counted, wiring.usage_store(elsewhere))
    returned = copy_store(there, back)
    assert returned.is_level
    assert returned.copied.written == 11
    assert usage_of(back.usage_store, *TENANTS).equals(usage_of(counted.usage_store, *TENANTS))
