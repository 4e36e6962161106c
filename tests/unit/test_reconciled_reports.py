"""Reconciliation compares reports with what is stored, and finds those that say something else."""

from typing import Any

import pytest

from signtally.domain.basis import Basis
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportManifest, ReportRequest
from signtally.use_cases.rebuilding import rebuild
from signtally.use_cases.reporting import report_now
from tests.support.reconciliations import DAY, HOUR, OCTOBER_30, on, run
from tests.support.truth_world import NOW, World, event


@pytest.fixture
def world() -> World:
    return World()


def made(world: World, period: str = "2026-10", **about: Any) -> ReportManifest:
    request = ReportRequest("acme", parse_period(period), ("csv",), **about)
    return report_now(request, requested_by="ann", services=world.services)


def test_reports_say_what_is_stored(world: World) -> None:
    world.count(event("1", on(OCTOBER_30)), event("2", on(OCTOBER_30), user_id="u2"), event("3", NOW - HOUR))
    made(world)
    made(world, user_ids=("u2",))
    made(world, "2026-11")
    world.now += DAY
    found = run(world)
    assert (found.reports, found.reports_skipped, found.is_clean) == (3, 0, True)


def test_a_report_that_says_something_else_is_a_mismatch_until_its_days_are_mended(world: World) -> None:
    world.count(event("1", on(OCTOBER_30)), event("2", on(OCTOBER_30), user_id="u2"))
    manifest = made(world)
    made(world, user_ids=("u2",))
    row = world.rows().row(0, named=True)
    world.overwrite(row, viewed=4)
    found = run(world)
    (mismatch,) = found.report_mismatches
    assert (mismatch.report_id, mismatch.version) == (manifest.key.report_id, 1)
    assert (mismatch.day, mismatch.action, mismatch.reported, mismatch.aggregates) == (OCTOBER_30, "viewed", 0, 4)
    assert found.mismatched == 2
    rebuild(tenant_id="acme", services=world.services)
    assert run(world).is_clean


def test_a_report_of_spoilt_figures_is_replaced_or_on_record(world: World) -> None:
    world.count(event("1", on(OCTOBER_30)))
    world.overwrite(world.rows().row(0, named=True), viewed=4)
    made(world)
    assert run(world).report_mismatches == ()
    rebuild(tenant_id="acme", services=world.services)
    assert run(world).is_clean, "the restatement is on record"


def test_a_late_event_is_on_record_and_no_mismatch(world: World) -> None:
    world.count(event("1", on(OCTOBER_30)))
    made(world)
    world.now += HOUR
    world.count(event("2", on(OCTOBER_30)))
    assert run(world).is_clean
    world.now += HOUR
    newer = made(world)
    assert newer.key.version == 2
    assert run(world).reports == 2


def test_only_the_newest_version_has_to_hold(world: World) -> None:
    world.count(event("1", on(OCTOBER_30)))
    made(world)
    world.now += HOUR
    world.write("acme", OCTOBER_30 - DAY, sent=1)  # by nobody's record
    assert len(run(world).report_mismatches) == 1
    made(world)
    assert run(world).report_mismatches == ()


def test_the_cohort_basis_is_left_aside_and_old_days_of_reports_are_forgotten(world: World) -> None:
    world.count(event("1", on(OCTOBER_30)))
    made(world, basis=Basis.COHORT)
    assert (run(world).reports, run(world).reports_skipped) == (0, 1)
    world.now += 40 * DAY
    run(world)
    assert [*world.services.objects.list_prefixes("report-days/")] == []
