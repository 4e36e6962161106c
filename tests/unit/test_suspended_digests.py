"""What falls due while a tenant is suspended: on record, and never sent."""

import datetime as dt
import json

import pytest

from signtally.domain.schedule_terms import Schedule
from signtally.domain.tenants import TenantProfile
from signtally.stores.holds import Hold
from signtally.stores.keys import tenant_profile
from signtally.use_cases.delivering import due_now, passed_over
from signtally.use_cases.delivering.digesting import KIND, run_digests
from signtally.use_cases.delivering.scheduling import run_schedules
from tests.support.digest_portal import DUE, MONTHLY, Portal, acme, addressed_to, portal, states


def daily(missed: str = "all") -> Schedule:
    return addressed_to("ann@acme.example", every="day", missed=missed)


def suspended(schedule: Schedule) -> TenantProfile:
    return acme(schedule).model_copy(update={"status": "suspended"})


def passed(acmes: Portal) -> list[tuple[str, str, int]]:
    found = passed_over("acme", MONTHLY.name, services=acmes.services, most=500)
    return [(each.period, str(each.record.why), each.record.occurrences) for each in found][::-1]


def live(acmes: Portal, *, days: int) -> int:
    """A run a day; how many emails they sent."""
    before = len(acmes.mailer.sent)
    for _ in range(days):
        acmes.clock.now += dt.timedelta(days=1)
        run_schedules(services=acmes.services)
        run_digests(services=acmes.services)
    return len(acmes.mailer.sent) - before


@pytest.mark.parametrize("missed", ["all", "latest", "skip"])
def test_nothing_of_a_suspension_is_sent_when_it_is_lifted(missed: str) -> None:
    acmes = portal()
    acmes.store(acme(daily(missed)))
    assert run_digests(services=acmes.services).sent == 1
    acmes.store(suspended(daily(missed)))
    assert live(acmes, days=40) == 0
    days = [DUE.date() + dt.timedelta(days=number) for number in range(40)]
    assert passed(acmes) == [(str(day), "suspended", 1) for day in days]
    acmes.store(acme(daily(missed)))
    assert run_digests(services=acmes.services).due == 0
    assert live(acmes, days=2) == 2
    assert len(passed(acmes)) == 40


def test_a_suspended_tenant_whose_members_are_unreadable_is_suspended_all_the_same() -> None:
    """What falls due is passed over at once: kept, it would go out when both are mended."""
    acmes = portal()
    acmes.store(acme(daily("all")))
    assert run_digests(services=acmes.services).sent == 1
    broken = suspended(daily("all")).model_dump(mode="json") | {"members": 5}
    acmes.objects.put(tenant_profile("acme"), json.dumps(broken).encode())
    assert live(acmes, days=3) == 0
    acmes.store(acme(daily("all")))
    assert run_digests(services=acmes.services).due == 0
    assert [why for _, why, _ in passed(acmes)] == ["suspended"] * 3


def test_the_runs_of_a_suspension_count_it_and_nothing_is_due() -> None:
    acmes = portal()
    acmes.store(acme(daily()))
    run_digests(services=acmes.services)
    acmes.store(suspended(daily()))
    acmes.clock.now += dt.timedelta(days=100)  # nobody ran meanwhile
    assert due_now(KIND, services=acmes.services, as_of=acmes.clock.now) == []
    outcome = run_digests(services=acmes.services)
    assert (outcome.due, outcome.sent, outcome.missed, outcome.suspended) == (0, 0, 0, 100)
    outcome.require_all_well()
    assert passed(acmes)[0] == ("2026-11-01_2027-01-08", "suspended", 69)
    assert run_digests(services=acmes.services).suspended == 0


def test_what_waits_for_figures_when_it_begins_is_passed_over_too() -> None:
    """Also of a tenant on hold: its figures are not looked at."""
    acmes = portal()
    acmes.store(acme(MONTHLY.model_copy(update={"missed": "all"})))
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-10-31T23:59:59Z"}')
    assert len(run_digests(services=acmes.services).incomplete) == 1
    acmes.services.stores.holds.put(Hold("acme", DUE, DUE.date(), DUE.date(), differences=1, sample=()))
    acmes.store(suspended(MONTHLY.model_copy(update={"missed": "all"})))
    assert run_digests(services=acmes.services).suspended == 1
    acmes.services.stores.holds.lift(["acme"])
    acmes.store(acme(MONTHLY))
    acmes.services.stores.watermarks.publish_data_through(DUE)
    assert run_digests(services=acmes.services).due == 0
    assert (passed(acmes), states(acmes)) == ([("2026-10", "suspended", 1)], {})
