"""The sample's traffic is what its plan says, the same every time, and counted by hand to the unit."""

import datetime as dt
import itertools
import json
from collections import Counter, defaultdict
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.aws.timestream_records import EVENT_TEXT_LIMIT_BYTES
from signtally.domain.cloud_events import parse_body
from signtally.domain.dead_letters import DeadLetterReason
from signtally.sample.plan import PlanError, TrafficPlan
from signtally.sample.regions import regions_for
from signtally.sample.tenants import power_law, sample_tenants
from signtally.sample.waves import Waves
from tests.support.examples import examples

UNTIL = dt.datetime(2026, 11, 22, 15, 4, tzinfo=dt.UTC)
PLAN = TrafficPlan(tenants=40, days=35, events=6_000, seed=7, until=UNTIL, duplicates=0.05, late=0.04, junk=0.03)


def messages(plan: TrafficPlan) -> tuple[list[list[str]], dict[str, Any]]:
    """The bodies of the three waves, and what is expected of them."""
    waves = Waves(plan, sample_tenants(plan))
    sent = [[body for body, _ in wave] for wave in waves]
    return sent, json.loads(json.dumps(waves.expectation.as_json(plan)))


@pytest.fixture(scope="module")
def traffic() -> tuple[list[list[str]], dict[str, Any]]:
    return messages(PLAN)


def test_the_same_plan_makes_the_same_messages(traffic: tuple[list[list[str]], dict[str, Any]]) -> None:
    assert messages(PLAN) == traffic


def test_what_is_sent_is_what_the_plan_says(traffic: tuple[list[list[str]], dict[str, Any]]) -> None:
    """As the product's own parser reads it: distinct events, duplicates and every reason, exactly."""
    waves, expected = traffic
    seen: set[tuple[str, str]] = set()
    duplicates = 0
    reasons: Counter[str] = Counter()
    for wave, bodies in enumerate(waves):
        for body in bodies:
            parsed = parse_body(body, now=UNTIL, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES)
            reasons.update(str(part.reason) for part in parsed.bad)
            for event in parsed.events:
                assert PLAN.window.since <= event.occurred_at < UNTIL
                assert ((event.source, event.id) in seen) == (wave == 2)
                duplicates += wave == 2
                seen.add((event.source, event.id))
    assert len(seen) == expected["distinct_events"] == PLAN.events
    assert duplicates == expected["duplicates"] == 300
    assert expected["events_sent"] == 6_300
    assert expected["late_events"] == 240
    assert dict(reasons) == expected["dead_letters"]
    assert sum(reasons.values()) == 180
    assert expected["messages"] == sum(len(bodies) for bodies in waves)


def test_junk_is_of_every_kind_that_the_parser_knows(traffic: tuple[list[list[str]], dict[str, Any]]) -> None:
    # Too deep a body and what the store alone can refuse cannot be told from the contract.
    others = {
        DeadLetterReason.TOO_DEEP,
        DeadLetterReason.TOO_OLD,
        DeadLetterReason.TOO_FAR_AHEAD,
        DeadLetterReason.REFUSED_BY_TIMESTREAM,
        DeadLetterReason.STORE_REFUSED,
        DeadLetterReason.GAVE_UP,
    }
    assert set(traffic[1]["dead_letters"]) == {str(reason) for reason in set(DeadLetterReason) - others}


def test_some_bad_elements_stand_among_good_ones(traffic: tuple[list[list[str]], dict[str, Any]]) -> None:
    parsed = [
        parse_body(body, now=UNTIL, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES)
        for body in traffic[0][0]
        if body.startswith("[")
    ]
    assert sum(1 for body in parsed if body.events and body.bad) > 10
    assert sum(1 for body in parsed if body.events and not body.bad) > 50


def test_the_expectation_is_the_count_by_local_day(traffic: tuple[list[list[str]], dict[str, Any]]) -> None:
    """Counted once more from the bodies, another way round."""
    waves, expected = traffic
    counted: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for body in (body for wave in waves[:2] for body in wave):
        for event in parse_body(body, now=UNTIL, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES).events:
            zone = ZoneInfo(expected["tenants"][event.tenant_id]["timezone"])
            day = event.occurred_at.astimezone(zone).date().isoformat()
            counted[event.tenant_id, event.user_id, day][str(event.action)] += 1
    for tenant_id, tenant in expected["tenants"].items():
        totals: Counter[str] = Counter()
        for user_id, user in tenant["users"].items():
            for day, counts in user["days"].items():
                assert counted.pop((tenant_id, user_id, day)) == Counter(counts)
                totals.update(counts)
        assert dict(totals) == tenant["totals"]
    assert not counted


def test_the_tenants_are_the_awkward_ones(traffic: tuple[list[list[str]], dict[str, Any]]) -> None:
    tenants = traffic[1]["tenants"]
    zones = {tenant["timezone"] for tenant in tenants.values()}
    assert {"Asia/Kathmandu", "America/St_Johns", "Pacific/Auckland", "Australia/Lord_Howe", "UTC"} <= zones
    assert len(zones) >= 12
    names = {user["name"] for tenant in tenants.values() for user in tenant["users"].values()}
    assert {"=1+1", "<b>Ann</b>", None} <= names
    for letter in ("é", "Ш", "佐", "م"):
        assert any(letter in name for name in names if name)
    assert len([tenant for tenant in sample_tenants(PLAN) if tenant.profile is None]) == 3
    schedules = [tenant.profile.schedules for tenant in sample_tenants(PLAN) if tenant.profile]
    assert any(
        schedule.every == "month" and schedule.formats == ("pdf", "xlsx") for many in schedules for schedule in many
    )


def test_people_work_by_day_on_weekdays() -> None:
    """In their own zone: more than nine tenths between seven and nineteen, few on their days off."""
    tenants = {tenant.tenant_id: tenant for tenant in sample_tenants(PLAN)}
    by_day = at_weekends = events = 0
    for body in messages(PLAN)[0][0]:
        for event in parse_body(body, now=UNTIL, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES).events:
            region = tenants[event.tenant_id].region
            local = event.occurred_at.astimezone(region.zone)
            events += 1
            by_day += 7 <= local.hour < 20
            at_weekends += local.weekday() in region.weekend
    assert by_day / events > 0.9
    assert at_weekends / events < 0.1


def test_a_document_lives_in_order(traffic: tuple[list[list[str]], dict[str, Any]]) -> None:
    """Sent first; ended at most once, and nothing after the end; every fate occurs."""
    lifecycles: dict[str, list[tuple[dt.datetime, str]]] = defaultdict(list)
    for body in (body for wave in traffic[0][:2] for body in wave):
        for event in parse_body(body, now=UNTIL, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES).events:
            lifecycles[event.document_id].append((event.occurred_at, str(event.action)))
            assert event.sent_at is None or event.sent_at == lifecycles[event.document_id][0][0]
    fates: Counter[str] = Counter()
    for lifecycle in lifecycles.values():
        actions = [action for _, action in lifecycle]
        ends = [action for action in actions if action in {"completed", "declined", "cancelled", "expired"}]
        assert lifecycle == sorted(lifecycle, key=lambda step: step[0])
        assert actions[0] == "sent"
        assert actions.count("sent") == 1
        assert ends in ([], actions[-1:])
        fates[ends[0] if ends else "open"] += 1
    assert set(fates) == {"completed", "declined", "cancelled", "expired", "open"}


def test_late_events_are_days_old_and_come_after_the_rest(traffic: tuple[list[list[str]], dict[str, Any]]) -> None:
    late = [
        event
        for body in traffic[0][1]
        for event in parse_body(body, now=UNTIL, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES).events
    ]
    assert len(late) == 240
    assert all(dt.timedelta(days=1) <= UNTIL - event.occurred_at <= dt.timedelta(days=14) for event in late)


def test_a_second_send_keeps_what_is_counted_and_may_change_the_name(
    traffic: tuple[list[list[str]], dict[str, Any]],
) -> None:
    waves, expected = traffic
    originals = {
        (event.source, event.id): event
        for body in (body for wave in waves[:2] for body in wave)
        for event in parse_body(body, now=UNTIL, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES).events
    }
    renamed = 0
    for event in (
        event
        for body in waves[2]
        for event in parse_body(body, now=UNTIL, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES).events
    ):
        first = originals[event.source, event.id]
        counted = ("tenant_id", "user_id", "action", "occurred_at", "document_id")
        assert all(getattr(event, name) == getattr(first, name) for name in counted)
        renamed += event.user_name != first.user_name
    assert 100 < renamed < 200
    names = {user["name"] for tenant in expected["tenants"].values() for user in tenant["users"].values()}
    assert "Sent Twice" not in names


def test_one_id_under_two_sources_is_two_events(traffic: tuple[list[list[str]], dict[str, Any]]) -> None:
    events = [
        event
        for body in traffic[0][0]
        for event in parse_body(body, now=UNTIL, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES).events
    ]
    assert len({event.id for event in events}) < len({(event.source, event.id) for event in events})


def test_another_day_makes_other_events_of_the_same_people() -> None:
    later = TrafficPlan(tenants=3, days=2, events=60, seed=7, until=UNTIL + dt.timedelta(days=1))
    plan = TrafficPlan(tenants=3, days=2, events=60, seed=7, until=UNTIL)
    people = [
        {(tenant.tenant_id, person.user_id, person.name) for tenant in sample_tenants(each) for person in tenant.people}
        for each in (plan, later)
    ]
    ids = [{json.loads(body)["id"] for body in messages(each)[0][0] if body[0] == "{"} for each in (plan, later)]
    assert people[0] == people[1]
    assert not ids[0] & ids[1]


@settings(max_examples=examples(40), deadline=None)
@given(
    tenants=st.integers(1, 30),
    days=st.integers(1, 60),
    events=st.integers(1, 300),
    late=st.sampled_from([0.0, 0.1, 1.0]),
    until=st.datetimes(dt.datetime(2001, 1, 1), dt.datetime(2030, 1, 1)),  # noqa: DTZ001 -- given its zone below
)
def test_any_plan_makes_exactly_its_events(
    tenants: int, days: int, events: int, late: float, until: dt.datetime
) -> None:
    plan = TrafficPlan(tenants=tenants, days=days, events=events, seed=1, until=until.replace(tzinfo=dt.UTC), late=late)
    waves, expected = messages(plan)
    found = [
        event
        for wave in waves
        for body in wave
        for event in parse_body(body, now=plan.until, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES).events
    ]
    assert len({(event.source, event.id) for event in found}) == len(found) == events == expected["distinct_events"]
    assert all(plan.window.since <= event.occurred_at < plan.until for event in found)
    # Merged from one ordered stream a tenant.
    assert [
        parse_body(body, now=plan.until, text_limit_bytes=EVENT_TEXT_LIMIT_BYTES).events
        for wave in waves
        for body in wave
    ]


@given(total=st.integers(0, 100_000), count=st.integers(1, 500))
def test_shares_fall_like_a_power_law_and_add_up(total: int, count: int) -> None:
    shares = power_law(total, count=count)
    assert sum(shares) == total
    assert all(later <= earlier for earlier, later in itertools.pairwise(shares))
    assert total < count or min(shares) >= 1


@pytest.mark.parametrize("day", ["2026-03-10", "2026-03-30", "2026-04-07", "2026-10-26", "2026-11-03", "2024-09-09"])
def test_some_tenant_changes_clocks_when_the_world_does(day: str) -> None:
    until = dt.datetime.fromisoformat(f"{day}T12:00:00+00:00")
    plan = TrafficPlan(tenants=2, days=5, events=10, seed=1, until=until)
    offsets = [
        {(until - dt.timedelta(days=days)).astimezone(region.zone).utcoffset() for days in range(6)}
        for region in regions_for(plan.window, count=2)
    ]
    assert any(len(known) > 1 for known in offsets)


def test_tenants_stay_where_they_are_when_no_clock_changes() -> None:
    quiet = TrafficPlan(tenants=40, days=2, events=10, seed=1, until=dt.datetime(2026, 7, 15, tzinfo=dt.UTC))
    usual = regions_for(PLAN.window, count=40)
    assert regions_for(quiet.window, count=40) == usual
    assert len({region.timezone for region in usual}) == 20


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"events": 0}, "events is 0"),
        ({"tenants": -1}, "tenants is -1"),
        ({"days": 0}, "days is 0"),
        ({"duplicates": 1.5}, "between 0 and 1"),
        ({"junk": float("nan")}, "between 0 and 1"),
        ({"until": dt.datetime(2026, 1, 1)}, "offset"),  # noqa: DTZ001 -- the naive time is what is refused
        ({"until": dt.datetime(2000, 1, 20, tzinfo=dt.UTC)}, "before the year 2000"),
    ],
)
def test_a_plan_that_cannot_be_says_why(change: dict[str, Any], says: str) -> None:
    usual: dict[str, Any] = {"tenants": 2, "days": 30, "events": 10, "seed": 1, "until": UNTIL}
    with pytest.raises(PlanError, match=says):
        TrafficPlan(**(usual | change))
