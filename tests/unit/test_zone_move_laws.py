"""A law of zone moves: whatever happens in whatever order, each event counts on one day of the last zone."""

import contextlib
import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.schedule_terms import Schedule
from signtally.domain.tenants import TenantProfile
from signtally.stores.keys import tenant_profile
from signtally.stores.tenants import Tenants
from signtally.use_cases.aggregating import aggregate_days, aggregate_touched
from tests.support.crashes import CrashError
from tests.support.examples import examples
from tests.support.zone_world import APIA, AUCKLAND, HONOLULU, STATE, TENANTS, UTC, World, crash

ZONES = (AUCKLAND, UTC, APIA, HONOLULU, "Asia/Kathmandu", "America/Goose_Bay", "nowhere", "broken")


def change_zone(world: World, tenant_id: str, zone: str) -> None:
    key = tenant_profile(tenant_id)
    if zone == "nowhere":
        world.objects.delete([key])
    elif zone == "broken":
        world.objects.put(key, b'{"tenant_id": "%b", "timezone": "Pacific/Auckland", "colour": 1}' % tenant_id.encode())
    else:
        schedules = (Schedule(name="monthly", every="month"),)
        Tenants(world.objects).put(TenantProfile(tenant_id=tenant_id, timezone=zone, schedules=schedules))


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, ...]:
    tenant_id = draw(st.sampled_from(TENANTS))
    match draw(st.sampled_from(["send", "send", "move", "aggregate", "aggregate", "crash", "count", "lose"])):
        case "send":
            minutes = draw(st.integers(0, 9 * 24 * 60))
            instant = dt.datetime(2026, 10, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
            return ("send", tenant_id, instant.isoformat(), draw(st.sampled_from(["u1", "u2"])))
        case "move":
            return ("move", tenant_id, draw(st.sampled_from(ZONES)))
        case "count":
            return ("count", draw(st.sampled_from([*TENANTS, ""])), f"2026-10-{draw(st.integers(1, 11)):02}")
        case "crash":
            return ("crash", str(draw(st.integers(0, 1))))
        case other:
            return (other,)


@settings(max_examples=examples(30, soak=600))
@given(st.lists(steps(), max_size=25))
def test_whatever_happens_in_whatever_order_the_last_zone_counts(history: list[tuple[str, ...]]) -> None:
    world = World()
    for step in history:
        match step:
            case ("send", tenant_id, instant, user_id):
                world.send(instant, tenant_id=tenant_id, user_id=user_id)
            case ("move", tenant_id, zone):
                change_zone(world, tenant_id, zone)
            case ("count", tenant_id, day):
                first = dt.date.fromisoformat(day)
                aggregate_days(tenant_id=tenant_id or None, first=first, last=first, services=world.services)
            case ("crash", writes):
                world.store.before_writes = [*[lambda: None] * int(writes), crash]
                with contextlib.suppress(CrashError):
                    world.aggregate()
                world.store.before_writes.clear()
            case ("lose",):
                world.objects.delete([STATE])
            case _:
                world.aggregate()
                assert world.is_right()
    world.aggregate()
    assert world.is_right()
    assert aggregate_touched(services=world.services).rows == 0


def test_the_law_can_fail() -> None:
    """The plain count tells zones apart, so a run that had not moved the tenant would be found out."""
    world = World()
    world.send("2026-10-05T23:30Z")
    world.aggregate()
    world.live_in(AUCKLAND)
    assert world.figures() != world.plain_count()
    assert ZoneInfo(AUCKLAND) == Tenants(world.objects).get("acme").zone
